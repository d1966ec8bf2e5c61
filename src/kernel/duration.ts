import { TuskerError } from "./error.ts";

const unitMs = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;
const part = /(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w)/y;

/**
 * Milliseconds of a duration as written in a fleet file: `"30s"`, `"1m30s"`, `"250ms"`. A bare number is refused,
 * because nobody can tell its unit.
 *
 * @throws TuskerError KERNEL_DURATION
 * @example parseDuration("1m30s") // 90000
 */
export function parseDuration(text: string): number {
  const value = tryDuration(text);
  if (value !== undefined) return value;
  throw new TuskerError(
    "KERNEL_DURATION",
    `"${text}" is no duration; write a number with a unit, for example "30s", "250ms", "1m30s"`,
  );
}

/** As parseDuration, but undefined for text that is no duration. */
export function tryDuration(text: string): number | undefined {
  part.lastIndex = 0;
  let total = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    total += Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
    end = part.lastIndex;
  }
  return end === text.length && end > 0 ? total : undefined;
}

/** The shortest exact text: 90000 → "1m30s", 250 → "250ms", 0 → "0s". */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1) return ms >= 1e-3 ? `${round(ms * 1000)}us` : `${round(ms * 1e6)}ns`;
  let rest = ms;
  let text = "";
  for (const unit of ["d", "h", "m"] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs[unit];
  }
  if (rest >= 1000 && rest % 1000 === 0) return `${text}${rest / 1000}s`;
  if (rest >= 1000) return `${text}${Math.floor(rest / 1000)}s${round(rest % 1000)}ms`;
  return rest === 0 ? text : `${text}${round(rest)}ms`;
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
