import type { HeaderList } from "../../exchange.ts";
import { chunked, untilClose } from "../engine.ts";
import { all, authorityChars, targetChars, tokenChars } from "./characters.ts";

/**
 * What we say is made of what we understood, field by field: no byte of a received head is passed on unread. A name
 * or value that would end its line early (response splitting) is refused before anything is sent.
 */
export class Unwritable extends Error {}

/** Fields that this codec writes itself, from what it knows of the message. */
function isFraming(name: string): boolean {
  switch (name.length) {
    case 7:
      return /^upgrade$/i.test(name);
    case 10:
      return /^(connection|keep-alive)$/i.test(name);
    case 14:
      return /^content-length$/i.test(name);
    case 17:
      return /^transfer-encoding$/i.test(name);
    default:
      return false;
  }
}

/** Characters that no value may hold; text beyond Latin-1 has no bytes in HTTP/1.1 (RFC 9110 §5.5). */
const unwritable = /[^\t\x20-\x7e\x80-\xff]/;
const notToken = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * The lines of `fields`, framing fields left out.
 *
 * @throws Unwritable
 */
export function fieldLines(fields: HeaderList): string {
  let out = "";
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    if (name === "" || notToken.test(name)) throw new Unwritable(`"${name}" is no name of a field`);
    if (unwritable.test(value)) throw new Unwritable(`the value of ${name} holds what HTTP/1.1 cannot carry`);
    if (!isFraming(name)) out += `${name}: ${value}\r\n`;
  }
  return out;
}

/** True when a field of this name is among them. */
export function hasField(fields: HeaderList, lower: string): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name?.length === lower.length && name.toLowerCase() === lower) return true;
  }
  return false;
}

/** True when the fields ask to close the connection behind the message (RFC 9112 §9.6). */
export function asksToClose(fields: HeaderList): boolean {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (
      fields[i]?.length === 10 &&
      /^connection$/i.test(fields[i] ?? "") &&
      /\bclose\b/i.test(fields[i + 1] ?? "")
    )
      return true;
  }
  return false;
}

/** First line of a request. @throws Unwritable */
export function requestLine(method: string, target: string): string {
  if (method === "" || !all(tokenChars, method)) throw new Unwritable(`"${method}" is no method`);
  if (target === "" || !all(targetChars, target))
    throw new Unwritable("the path holds what must be percent-encoded");
  return `${method} ${target} HTTP/1.1\r\n`;
}

/** @throws Unwritable */
export function hostLine(authority: string): string {
  if (!all(authorityChars, authority)) throw new Unwritable(`"${authority}" is no host`);
  return `Host: ${authority}\r\n`;
}

/** How the end of a body is told; nothing for one that ends with its connection. */
export function lengthLine(length: number): string {
  if (length === chunked) return "Transfer-Encoding: chunked\r\n";
  if (length === untilClose) return "";
  return `Content-Length: ${length}\r\n`;
}

/** The line before the bytes of a chunk (RFC 9112 §7.1). */
export function chunkHead(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

/** The last chunk with its trailers (RFC 9112 §7.1.2). @throws Unwritable */
export function lastChunk(trailers: HeaderList | undefined): string {
  if (trailers === undefined || trailers.length === 0) return "0\r\n\r\n";
  return `0\r\n${fieldLines(trailers)}\r\n`;
}

/** True when text may travel as it is in a Latin-1 write: then its length in bytes is its length. */
export function isPlain(text: string): boolean {
  return !beyondAscii.test(text);
}

const beyondAscii = /[^\0-\x7f]/;
