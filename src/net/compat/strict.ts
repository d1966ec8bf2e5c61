import type { IncomingMessage } from "node:http";
import type { HeaderList } from "../exchange.ts";
import {
  authorityForm,
  expectationKnown,
  oneHost,
  onlyChunked,
  statusForm,
  targetForm,
  targetTooLong,
} from "../http1/codec/clauses.ts";
import { Framing } from "../http1/codec/framing.ts";
import type { WireProblem } from "../http1/codec/problem.ts";

/**
 * What Node's parser lets pass and the engine does not, as far as it can still be seen behind it: another form of
 * target, another number of hosts, a coding that nobody would undo. What the parser itself has evened out (runs of
 * spaces in the first line, a bare LF before it) cannot.
 */
export function doubtIn(
  { method, url = "", rawHeaders, httpVersionMinor }: IncomingMessage,
  maxTargetBytes: number,
): WireProblem | undefined {
  if (url.length > maxTargetBytes) return targetTooLong(maxTargetBytes);
  const framing = new Framing();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    framing.note(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "", i);
  const minor = httpVersionMinor === 0 ? 0 : 1;
  return (
    targetForm(method ?? "", url) ??
    oneHost(framing.hosts, minor) ??
    framing.problem(minor) ??
    (framing.hosts > 0 ? authorityForm(framing.hostValue) : undefined) ??
    (framing.expect !== undefined && minor === 1 ? expectationKnown(framing.expect) : undefined)
  );
}

/**
 * The same of an answer, but for its version, which cannot be seen.
 *
 * @param headers with the blanks behind their values
 */
export function doubtInAnswer(headers: HeaderList, reason: string): WireProblem | undefined {
  const framing = new Framing();
  for (let i = 0; i + 1 < headers.length; i += 2)
    framing.note(headers[i] ?? "", withoutBlanksBehind(headers[i + 1] ?? ""), i);
  if (control.test(reason)) return statusForm();
  // A blank behind the coding hides it from the parser, which then reads on to the end of the connection.
  if (framing.codings > 0 && headers.some((text) => /^chunked[ \t]+$/i.test(text)))
    return onlyChunked(2, framing.codingValue);
  return framing.problem(1);
}

/** RFC 9112 §5.1: blanks around a value are none of it; undici leaves those behind it. */
export function withoutBlanksBehind(value: string): string {
  return value.replace(/[ \t]+$/, "");
}

/** In a reason phrase, which undici reads as UTF-8. */
const control = /[^\t\x20-\x7e\x80-\uffff]/;
