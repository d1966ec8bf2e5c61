import type { HeaderList } from "../../exchange.ts";
import { chunked, untilClose } from "../engine.ts";
import { all, authorityChars, targetChars, tokenChars } from "./characters.ts";
import { FieldBlock, Unwritable } from "./field-block.ts";

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
  return `0\r\n${FieldBlock.from(trailers).text}\r\n`;
}

/** True when text may travel as it is in a Latin-1 write: then its length in bytes is its length. */
export function isPlain(text: string): boolean {
  return !beyondAscii.test(text);
}

const beyondAscii = /[^\0-\x7f]/;
