import { isIP } from "node:net";
import type { AddressSet } from "./cidr.ts";

/**
 * The address of the client: the peer, or, where the peer is a trusted proxy, the nearest address in
 * X-Forwarded-For that is not. Everything left of that was written by somebody we do not know.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: AddressSet): string {
  if (forwardedFor === undefined || !trusted.has(peer)) return peer;
  let client = peer;
  for (const part of forwardedFor.split(",").reverse()) {
    const address = plainAddress(part.trim());
    if (isIP(address) === 0) return client;
    client = address;
    if (!trusted.has(client)) return client;
  }
  return client;
}

/**
 * The key of a client in a rate limit: an IPv4 address, or the first 64 bits of an IPv6 one, because a single
 * subscriber is given at least that many addresses (RFC 6177).
 */
export function clientKey(address: string): string {
  // Only the second question costs anything.
  if (!address.includes(":") || isIP(address) !== 6) return address;
  return `${groupsOf(address).slice(0, 4).join(":")}::/64`;
}

/** Without brackets, port, and the IPv4-in-IPv6 prefix: some proxies write `1.2.3.4:5678` and `[::1]:5678`. */
export function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const address = bracketed ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(text) ? text.replace(/:\d+$/, "") : text);
  const [, dotted, high, low] =
    /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(address) ?? [];
  if (high === undefined || low === undefined) return dotted ?? address;
  return [high, low].flatMap((pair) => twoBytes(Number.parseInt(pair, 16))).join(".");
}

function twoBytes(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** The eight groups of a valid IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [left = "", right] = (address.split("%")[0] ?? "").split("::");
  const head = split(left);
  const tail = right === undefined ? [] : split(right);
  const gap = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array.from({ length: gap }, () => "0"), ...tail];
}

function split(part: string): string[] {
  if (part === "") return [];
  // A dotted quad at the end (RFC 4291 §2.2) stands for two groups; they are never among the first four.
  return part
    .split(":")
    .flatMap((group) => (group.includes(".") ? ["0", "0"] : Number.parseInt(group, 16).toString(16)));
}
