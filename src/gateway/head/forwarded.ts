import { isIP } from "node:net";
import type { IncomingHead } from "./incoming.ts";

/** How a request reached us. */
export interface Arrival {
  /** Address of the peer socket. */
  readonly peer: string;
  readonly proto: "http" | "https";
  /** Host the client asked for. */
  readonly host: string | undefined;
  /** What the gateway took off the path; empty when nothing. */
  readonly prefix: string;
  /** True when the peer is one of `trusted_proxies`: what it says of earlier hops is kept. */
  readonly trusted: boolean;
}

/** What a request says of the hops before us. */
export type EarlierHops = Pick<
  IncomingHead,
  "forwarded" | "forwardedFor" | "forwardedProto" | "forwardedHost"
>;

/**
 * `Forwarded` (RFC 7239) and its older forms. A trusted proxy's words are continued; anybody else's are replaced,
 * because a client could otherwise choose the address it seems to come from.
 */
export function forwardedFields(head: EarlierHops, arrival: Arrival): string[] {
  const { peer, proto, host, prefix, trusted } = arrival;
  const own = [
    `for=${node(peer)}`,
    ...(host === undefined ? [] : [`host=${quoted(host)}`]),
    `proto=${proto}`,
  ];
  const fields = [
    "Forwarded",
    trusted ? joined(head.forwarded, own.join(";")) : own.join(";"),
    "X-Forwarded-For",
    trusted ? joined(head.forwardedFor, peer) : peer,
    "X-Forwarded-Proto",
    (trusted ? head.forwardedProto : undefined) ?? proto,
  ];
  const seenHost = (trusted ? head.forwardedHost : undefined) ?? host;
  if (seenHost !== undefined) fields.push("X-Forwarded-Host", seenHost);
  if (prefix !== "") fields.push("X-Forwarded-Prefix", prefix);
  return fields;
}

/** RFC 7239 §6: an IPv6 address is bracketed and quoted. */
function node(address: string): string {
  if (isIP(address) === 6) return `"[${address}]"`;
  return address === "" ? "unknown" : address;
}

function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function joined(before: string | undefined, own: string): string {
  return before === undefined || before === "" ? own : `${before}, ${own}`;
}
