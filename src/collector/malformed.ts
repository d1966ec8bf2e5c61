import { TuskerError } from "../kernel/index.ts";

/** The error of a body that is not what it claims to be; says what was expected where, never what was found. */
export function malformed(what: string, cause?: unknown): TuskerError {
  return new TuskerError("COLLECTOR_MALFORMED", `the spans could not be read: ${what}`, { cause });
}
