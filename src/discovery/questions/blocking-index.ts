/**
 * The position of a blocking query. The number is opaque and may exceed 2^53 (a registry may use any uint64), so it
 * stays text; only equality and, for the reset rule, order are asked of it.
 */
export type BlockingIndex = string;

/** Asks without blocking. */
export const fromStart: BlockingIndex = "0";

/**
 * What to send next after an answer: the client duties of blocking queries.
 * - A lower index than before means the registry's history was reset: start over, or changes would be missed.
 * - 0 or nothing would make the next query return at once, forever: never send less than 1.
 */
export function nextIndex(sent: BlockingIndex, answered: string | undefined): BlockingIndex {
  const value = parseIndex(answered);
  if (value === undefined || value < 1n) return "1";
  if (value < BigInt(sent)) return fromStart;
  return value.toString();
}

function parseIndex(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}
