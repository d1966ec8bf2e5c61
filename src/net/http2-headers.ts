import { type Answer, type ByteStream, type ClientRequest, type HeaderList, headerOf } from "./exchange.ts";
import { unwritable } from "./unwritable.ts";

/** Fields that HTTP/2 forbids because they speak of one connection (RFC 9113 §8.2.2). */
const perConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** The head of a request as it goes on the wire. @throws TuskerError NET_MALFORMED when it cannot be written */
export function requestFields(origin: string, request: ClientRequest): string[] {
  const fields = toWire(pseudoFields(origin, request), withoutHost(request.headers ?? []));
  const bad = firstUnwritable(fields);
  if (bad !== undefined) throw unwritable(origin, new Error(`"${bad}" holds what HTTP/2 cannot carry`));
  return fields;
}

/** The head of an answer as it goes on the wire, and whether it is all there is. */
export function answerFields(
  method: string,
  answer: Answer,
): { readonly fields: string[]; readonly ends: boolean } {
  const { body, trailers, status } = answer;
  const bodiless = method === "HEAD" || status === 204 || status === 304;
  const fields = toWire([":status", String(status)], answer.headers ?? []);
  const known = !isStream(body) && trailers === undefined && !bodiless;
  if (known && headerOf(fields, "content-length") === undefined)
    fields.push("content-length", String(body === undefined ? 0 : Buffer.byteLength(body)));
  return { fields, ends: bodiless || (body === undefined && trailers === undefined) };
}

/** A body that comes over time, told from one that is whole. */
export function isStream(body: Answer["body"]): body is ByteStream {
  return body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
}

/** RFC 9113 §8.3.1; of CONNECT §8.5, and RFC 8441 §4. */
function pseudoFields(origin: string, { method, path, protocol, headers = [] }: ClientRequest): string[] {
  if (method === "CONNECT" && protocol === undefined) return [":method", method, ":authority", path];
  const scheme = origin.slice(0, origin.indexOf(":"));
  const authority = headerOf(headers, "host") ?? new URL(origin).host;
  const pseudo = [":method", method, ":scheme", scheme, ":authority", authority, ":path", path];
  return protocol === undefined ? pseudo : [...pseudo, ":protocol", protocol];
}

function withoutHost(headers: HeaderList): HeaderList {
  return headers.filter((_text, i) => headers[i - (i % 2)]?.toLowerCase() !== "host");
}

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

/** The target of a request: of CONNECT without a protocol the authority (RFC 9113 §8.5), of all others the path. */
export function targetOf(raw: readonly string[]): string {
  return headerOf(raw, ":path") ?? headerOf(raw, ":authority") ?? "/";
}

/** Whether a client holds its body back until it is told to go on (RFC 9110 §10.1.1). */
export function expectsContinue(raw: readonly string[]): boolean {
  return headerOf(raw, "expect")?.toLowerCase() === "100-continue";
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
