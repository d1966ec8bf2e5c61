import type { HeaderList } from "./exchange.ts";

/** Fields that HTTP/2 forbids because they speak of one connection (RFC 9113 §8.2.2). */
const perConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Fields for the wire: lower-case (RFC 9113 §8.2.1), without those of one connection, after the pseudo fields. */
export function toWire(pseudo: readonly string[], headers: HeaderList): string[] {
  const wire = [...pseudo];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] ?? "").toLowerCase();
    // RFC 9110 §5.5: white space around a value is not part of it; with it HTTP/2 drops the field (RFC 9113 §8.2.1).
    const value = (headers[i + 1] ?? "").replace(/^[ \t]+|[ \t]+$/g, "");
    if (perConnection.has(name) || name.startsWith(":")) continue;
    if (name === "te" && value.toLowerCase() !== "trailers") continue;
    wire.push(name, value);
  }
  return wire;
}

/**
 * What of a request node would write other than it was meant: the name of the first field, or `:path`. Values are bytes
 * (RFC 9110 §5.5); node cuts wider characters to their lower byte and lets line ends through.
 */
export function firstUnwritable(wire: readonly string[]): string | undefined {
  for (let i = 0; i + 1 < wire.length; i += 2) {
    const name = wire[i] ?? "";
    const allowed = name === ":path" ? pathText : valueText;
    if (!nameText.test(name) || !allowed.test(wire[i + 1] ?? "")) return name;
  }
  return undefined;
}

const nameText = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const valueText = /^[\t\x20-\x7e\x80-\xff]*$/;
const pathText = /^[\x21-\x7e\x80-\xff]+$/;

/** Trailer fields in the form node takes them: repeated fields become a list. */
export function toTrailers(headers: HeaderList): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  const wire = toWire([], headers);
  for (let i = 0; i + 1 < wire.length; i += 2) {
    const name = wire[i] ?? "";
    const value = wire[i + 1] ?? "";
    const before = out[name];
    out[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return out;
}

/** Fields as received, pseudo fields aside; `:authority` is told as Host (RFC 9113 §8.3.1). */
export function fromWire(raw: readonly string[]): HeaderList {
  const headers: string[] = [];
  let authority: string | undefined;
  let host = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const value = raw[i + 1] ?? "";
    if (name === ":authority") authority = value;
    if (name.startsWith(":")) continue;
    if (name === "host") host = true;
    headers.push(name, value);
  }
  if (authority !== undefined && !host) headers.unshift("host", authority);
  return headers;
}
