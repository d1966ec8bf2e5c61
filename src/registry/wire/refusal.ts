import { TuskerError } from "../../kernel/index.ts";

/** A request that is answered with this status and these words; clients of the wire match on both. */
export function refusal(status: number, text: string, cause?: unknown): TuskerError {
  return new TuskerError("REGISTRY_INVALID", text, {
    details: { status },
    ...(cause === undefined ? {} : { cause }),
  });
}
