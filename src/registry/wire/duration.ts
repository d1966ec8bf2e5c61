const unitMs = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
} as const;
const whole = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Go counts them in nanoseconds, in 64 bits: 292 years. */
const maxMs = 2 ** 63 / 1e6;

/**
 * Milliseconds of a duration of the wire: `"1m30s"`, `"-1.5h"`, `"0"`. No days or weeks, unlike a fleet file; signs
 * and bare zero, unlike a fleet file. Undefined when it is none.
 */
export function parseWireDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!whole.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(part))
    ms += Number(number) * unitMs[unit as keyof typeof unitMs];
  if (ms >= maxMs) return undefined;
  return text.startsWith("-") ? -ms : ms;
}

/** What is wrong with text that is no duration, in Go's words. */
export function durationProblem(text: string): string {
  const [, number, unit] =
    /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*(\d+(?:\.\d*)?|\.\d+)([^.\d]*)/.exec(text) ??
    [];
  const written = JSON.stringify(text);
  if (number === undefined || (unit !== undefined && Object.hasOwn(unitMs, unit)))
    return `time: invalid duration ${written}`;
  if (unit === "") return `time: missing unit in duration ${written}`;
  return `time: unknown unit ${JSON.stringify(unit)} in duration ${written}`;
}
