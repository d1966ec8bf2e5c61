import { z } from "zod";
import { tryDuration } from "./duration.ts";
import { trySize } from "./size.ts";

/** A duration as written ("30s"), given to the room as milliseconds. */
export function durationMs(): z.ZodType<number, string> {
  const written = z.string().meta({ title: "duration", examples: ["30s", "250ms"] });
  return written.transform((text, ctx) => {
    const ms = tryDuration(text);
    if (ms !== undefined) return ms;
    ctx.addIssue({ code: "custom", message: `must be a duration such as "30s" or "250ms", found "${text}"` });
    return z.NEVER;
  });
}

/** A size as written ("64KiB"), given to the room as bytes. */
export function sizeBytes(): z.ZodType<number, string> {
  const written = z.string().meta({ title: "size", examples: ["64KiB", "10MB"] });
  return written.transform((text, ctx) => {
    const bytes = trySize(text);
    if (bytes !== undefined) return bytes;
    ctx.addIssue({ code: "custom", message: `must be a size such as "64KiB" or "10MB", found "${text}"` });
    return z.NEVER;
  });
}

/** A port number; 0 lets the system choose. */
export function port(): z.ZodNumber {
  return z
    .number("must be a whole number 0–65535")
    .int("must be a whole number 0–65535")
    .min(0, "must be a whole number 0–65535")
    .max(65_535, "must be a whole number 0–65535");
}

/** A whole number ≥ 0. */
export function count(): z.ZodNumber {
  return z
    .number("must be a whole number of 0 or more")
    .int("must be a whole number of 0 or more")
    .min(0, "must be a whole number of 0 or more");
}

/** A share between 0 and 1. */
export function ratio(): z.ZodNumber {
  return z
    .number("must be a number between 0 and 1")
    .min(0, "must be a number between 0 and 1")
    .max(1, "must be a number between 0 and 1");
}

/** An http or https address. */
export function httpUrl(): z.ZodType<string, string> {
  return z
    .string()
    .meta({ title: "address", format: "uri" })
    .refine(
      (text) => /^https?:\/\/[^/\s]+/.test(text) && URL.canParse(text),
      "must be an http:// or https:// address",
    );
}
