import { messageOf, TuskerError } from "../kernel/index.ts";
import type { ClientRequest } from "./exchange.ts";

/** @throws TuskerError NET_MALFORMED when the request asks for a protocol, which only HTTP/2 of our own carries */
export function refuseProtocol(origin: string, { protocol }: ClientRequest): void {
  if (protocol === undefined) return;
  throw unwritable(origin, new Error("CONNECT with a protocol is for HTTP/2 with Tusker's own engine"));
}

/** A request that no peer could be sent: neither to be repeated nor anybody's fault but the caller's. */
export function unwritable(origin: string, cause: unknown): TuskerError {
  const message = `the request to ${origin} cannot be written: ${messageOf(cause)}`;
  return new TuskerError("NET_MALFORMED", message, { cause, details: { origin, sent: false } });
}
