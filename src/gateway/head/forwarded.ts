import { isIP } from "node:net";
import { plainAddress } from "./client.ts";
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
  "forwarded" | "forwardedFor" | "forwardedProto" | "forwardedHost" | "forwardedPrefix"
>;

/**
 * What a trusted proxy says of the hops before it, in the older fields or, where it has none of one, in `Forwarded`
 * (RFC 7239 §7.4). The older ones go first: a proxy that writes them may pass on a `Forwarded` that it did not write.
 */
export function earlierHops(head: EarlierHops): EarlierHops {
  if (head.forwarded === undefined) return head;
  const elements = elementsOf(head.forwarded);
  // An element without an address is a hop nobody knows: nothing before it can be believed.
  const addresses = elements.map((one) => one.get("for") ?? "unknown");
  return {
    forwarded: head.forwarded,
    forwardedFor: head.forwardedFor ?? (addresses.length === 0 ? undefined : addresses.join(", ")),
    forwardedProto: head.forwardedProto ?? schemeOf(elements[0]?.get("proto")),
    forwardedHost: head.forwardedHost ?? elements[0]?.get("host"),
    forwardedPrefix: head.forwardedPrefix,
  };
}

/**
 * RFC 7239 §4: elements by comma, pairs by semicolon, values that may be quoted. None at all where something cannot be
 * read: what a client wrote before it must not pass for what a proxy wrote behind it.
 */
function elementsOf(forwarded: string): readonly ReadonlyMap<string, string>[] {
  const elements: Map<string, string>[] = [];
  let element = new Map<string, string>();
  for (let at = 0; at < forwarded.length; at = pair.lastIndex) {
    pair.lastIndex = at;
    const [, name = "", quotedText, token = "", end] = pair.exec(forwarded) ?? [];
    if (end === undefined) return [];
    element.set(name.toLowerCase(), quotedText?.replaceAll(/\\(.)/g, "$1") ?? token);
    if (end === ";") continue;
    elements.push(element);
    element = new Map();
  }
  return elements;
}

/** One pair and what stands behind it. Sticky: each character is read once. */
const pair = /[ \t]*([!#$%&'*+.^`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))[ \t]*([;,]|$)/y;

function schemeOf(proto: string | undefined): string | undefined {
  return proto !== undefined && /^https?$/i.test(proto) ? proto.toLowerCase() : undefined;
}

/**
 * `Forwarded` (RFC 7239) and its older forms. A trusted proxy's words are continued; anybody else's are replaced,
 * because a client could otherwise choose the address it seems to come from.
 */
export function forwardedFields(written: EarlierHops, arrival: Arrival): string[] {
  const head = arrival.trusted ? earlierHops(written) : written;
  const { peer, proto, host, prefix, trusted } = arrival;
  const own = [
    `for=${node(peer)}`,
    ...(host === undefined ? [] : [`host=${quoted(host)}`]),
    `proto=${proto}`,
  ];
  const fields = [
    "Forwarded",
    trusted ? joined(continued(written), own.join(";")) : own.join(";"),
    "X-Forwarded-For",
    trusted ? joined(head.forwardedFor, peer) : peer,
    "X-Forwarded-Proto",
    (trusted ? head.forwardedProto : undefined) ?? proto,
  ];
  const seenHost = (trusted ? head.forwardedHost : undefined) ?? host;
  if (seenHost !== undefined) fields.push("X-Forwarded-Host", seenHost);
  // What was taken off before us stands before what we take off.
  const taken = `${(trusted ? head.forwardedPrefix : undefined) ?? ""}${prefix}`;
  if (taken !== "") fields.push("X-Forwarded-Prefix", taken);
  return fields;
}

/**
 * `Forwarded` as it goes on. It says what the older fields say: where a proxy writes only these, or passes on a `Forwarded`
 * of somebody else beside them, it is written anew (RFC 7239 §7.4). A service that reads the one would else see another
 * client, or another scheme, than one that reads the other. What cannot be read would swallow what is put behind it.
 */
function continued(written: EarlierHops): string | undefined {
  const { forwardedFor, forwardedHost } = written;
  const elements = written.forwarded === undefined ? [] : elementsOf(written.forwarded);
  const proto = schemeOf(written.forwardedProto);
  const addresses = forwardedFor?.split(",").map((one) => plainAddress(one.trim()));
  const told = elements.map((one) => plainAddress(one.get("for") ?? "unknown"));
  const agrees =
    (addresses === undefined || addresses.join() === told.join()) &&
    (proto === undefined || proto === schemeOf(elements[0]?.get("proto"))) &&
    (forwardedHost === undefined || forwardedHost === elements[0]?.get("host"));
  if (agrees) return elements.length === 0 ? undefined : written.forwarded;
  const first = [
    ...(proto === undefined ? [] : [`proto=${proto}`]),
    ...(forwardedHost === undefined ? [] : [`host=${quoted(forwardedHost)}`]),
  ];
  return (addresses ?? ["unknown"])
    .map((address, i) => [`for=${node(address)}`, ...(i === 0 ? first : [])].join(";"))
    .join(", ");
}

/** RFC 7239 §6: an IPv6 address is bracketed and quoted. */
function node(address: string): string {
  if (isIP(address) === 6) return `"[${address}]"`;
  return isIP(address) === 4 ? address : "unknown";
}

function quoted(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function joined(before: string | undefined, own: string): string {
  return before === undefined || before === "" ? own : `${before}, ${own}`;
}
