import { z } from "zod";
import { formatDuration, tryDuration } from "./duration.ts";
import { ServiceRef, tryServiceUrl } from "./service-ref.ts";
import { trySize } from "./size.ts";

export { quickly } from "./quick-reader.ts";

/** The bounds of a duration, both included. */
interface DurationBounds {
  /** Default 0. */
  readonly minMs?: number;
}

/**
 * A duration as written ("30s"), given to the room as milliseconds.
 *
 * @example durationMs({ minMs: 1 }) // where "0s" would mean that nothing can ever happen in time
 */
export function durationMs({ minMs = 0 }: DurationBounds = {}): z.ZodType<number, string> {
  const expected = 'must be a duration such as "30s" or "250ms"';
  const pattern = "^(?:\\d+(?:\\.\\d+)?(?:ns|us|ms|s|m|h|d|w))+$";
  const written = z.string(expected).meta({ title: "duration", pattern, examples: ["30s", "250ms"] });
  return written.transform((text, ctx) => {
    const ms = tryDuration(text);
    if (ms !== undefined && ms >= minMs) return ms;
    const rule = ms === undefined ? expected : `must be a duration of ${formatDuration(minMs)} or more`;
    ctx.addIssue({ code: "custom", message: `${rule}, found "${text}"` });
    return z.NEVER;
  });
}

/** A size as written ("64KiB"), given to the room as bytes. */
export function sizeBytes(): z.ZodType<number, string> {
  const expected = 'must be a size such as "64KiB" or "10MB"';
  const pattern = "^\\d+(?:\\.\\d+)?(?:B|[KMGTP](?:i?B)?)$";
  const written = z.string(expected).meta({ title: "size", pattern, examples: ["64KiB", "10MB"] });
  return written.transform((text, ctx) => {
    const bytes = trySize(text);
    if (bytes !== undefined) return bytes;
    ctx.addIssue({ code: "custom", message: `${expected}, found "${text}"` });
    return z.NEVER;
  });
}

/** A port number; 0 lets the system choose. */
export function port(): z.ZodNumber {
  return whole(0, 65_535, "must be a whole number 0–65535");
}

/** The bounds of a count, both included. */
interface CountBounds {
  /** Default 0. */
  readonly min?: number;
  /** Default: none. */
  readonly max?: number;
}

/**
 * A whole number, 0 or more unless the bounds say otherwise; the refusal names the bounds.
 *
 * @example count({ min: 1, max: 64 }) // "must be a whole number 1–64"
 */
export function count({ min = 0, max }: CountBounds = {}): z.ZodNumber {
  if (max === undefined)
    return whole(min, Number.MAX_SAFE_INTEGER, `must be a whole number of ${min} or more`);
  return whole(min, max, `must be a whole number ${min}–${max}`);
}

/** A share between 0 and 1. */
export function ratio(): z.ZodNumber {
  return z
    .number("must be a number between 0 and 1")
    .min(0, "must be a number between 0 and 1")
    .max(1, "must be a number between 0 and 1");
}

/**
 * An http or https address, or one whose host the registry knows: `service://name/path`, as which `@service` is given to
 * the room.
 */
export function httpUrl(): z.ZodType<string, string | ServiceRef> {
  const written = z
    .string()
    .meta({ title: "address", format: "uri", pattern: "^(?:https?|service)://[^/\\s]+" })
    .refine(
      (text) => (/^https?:\/\/[^/\s]+/.test(text) && URL.canParse(text)) || isRest(text),
      "must be an http:// or https:// address, or @service with its REST port",
    );
  return fromReference(written);
}

function isRest(text: string): boolean {
  const read = tryServiceUrl(text);
  return read !== undefined && read.target.port !== "grpc";
}

/** What takes `@service` beside its own text: it is given the address. */
export function fromReference<Out>(schema: z.ZodType<Out, string>): z.ZodType<Out, string | ServiceRef> {
  const address = z.transform((value: string | ServiceRef): string =>
    value instanceof ServiceRef ? value.address : value,
  );
  return z.pipe(address, schema);
}

/** Whatever is wrong with the number, one text says what it should be. */
function whole(min: number, max: number, expected: string): z.ZodNumber {
  const bounded = z.int(expected).min(min, expected);
  return max === Number.MAX_SAFE_INTEGER ? bounded : bounded.max(max, expected);
}
