import { messageOf, TuskerError } from "../kernel/index.ts";

/** A request that no peer could be sent: neither to be repeated nor anybody's fault but the caller's. */
export function unwritable(origin: string, cause: unknown): TuskerError {
  const message = `the request to ${origin} cannot be written: ${messageOf(cause)}`;
  return new TuskerError("NET_MALFORMED", message, { cause, details: { origin, sent: false } });
}
