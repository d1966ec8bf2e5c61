import { parseGrpcTimeout } from "./grpc-timeout.ts";

/**
 * Carries the time that is left, as whole milliseconds, from hop to hop. Relative, because the clocks of two
 * machines disagree and the time on the wire between them does not matter.
 */
export const deadlineHeader = "x-request-deadline";

/** No try gets less time than this, however many are planned; milliseconds. */
const shortestTryMs = 250;

/** Milliseconds left until `deadlineMs`, never negative. */
export function remainingMs(deadlineMs: number, now: number): number {
  return Math.max(0, deadlineMs - now);
}

/** The time of one try: an equal share of the whole, at least 250 ms, never more than the whole. */
export function perTryMs(timeoutMs: number, retries: number): number {
  return Math.min(timeoutMs, Math.max(shortestTryMs, timeoutMs / (retries + 1)));
}

/**
 * The monotonic time at which the caller stops waiting, from `x-request-deadline` and `grpc-timeout`; the earlier
 * one counts. Unreadable values are ignored, as the gRPC specification does with what is no timeout.
 *
 * @param header first value of a field, any case
 */
export function incomingDeadline(
  header: (name: string) => string | undefined,
  now: number,
): number | undefined {
  const own = parseRemaining(header(deadlineHeader));
  const grpc = parseGrpcTimeout(header("grpc-timeout"));
  if (own === undefined) return grpc === undefined ? undefined : now + grpc;
  return now + Math.min(own, grpc ?? own);
}

/** Milliseconds of an `x-request-deadline` value; undefined when absent or unreadable. */
export function parseRemaining(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}

/** A remaining time as `x-request-deadline` carries it. Rounded down: the next hop must not outlive us. */
export function formatRemaining(ms: number): string {
  return String(Math.max(0, Math.floor(ms)));
}
