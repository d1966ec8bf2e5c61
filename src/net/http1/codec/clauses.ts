/**
 * The clauses of RFC 9110 and RFC 9112 that this codec holds its peers to, one function each, with the attack it
 * stops. A clause gives the problem, or undefined when it is kept; those without a condition are called where the
 * scanner has met the offence. In doubt a message is refused and its connection closed.
 */
import { all, authorityChars, cr, lf, space, tab } from "./characters.ts";
import { malformed, type WireProblem } from "./problem.ts";

/** RFC 9112 §2.2. A recipient that ends a line at a bare LF sees fields which another one took for a value. */
export function bareLineFeed(): WireProblem {
  return malformed("bareLineFeed", "a line ends with LF alone; CRLF is required");
}

/** RFC 9112 §2.2. A CR inside a line is an end of line to some: response splitting, hidden fields. */
export function bareCarriageReturn(): WireProblem {
  return malformed("bareCarriageReturn", "a CR stands without LF");
}

/** RFC 9110 §5.5. NUL ends a value for C programs; other controls reach logs and terminals. */
export function controlCharacter(code: number): WireProblem {
  if (code === lf) return bareLineFeed();
  if (code === cr) return bareCarriageReturn();
  return malformed("controlCharacter", `a field value holds the control character ${hex(code)}`);
}

/** RFC 9112 §5.2. A folded line belongs to the field before it for some and is a field of its own for others. */
export function obsoleteFold(): WireProblem {
  return malformed("obsoleteFold", "a line begins with white space");
}

/** RFC 9112 §5.1. `Content-Length : 5` is a length to some and an unknown field to others: request smuggling. */
export function spaceBeforeColon(): WireProblem {
  return malformed("spaceBeforeColon", "white space stands between a field name and its colon");
}

/** RFC 9110 §5.1. A name must be a token, or two recipients read different names. */
export function nameIsToken(code: number): WireProblem {
  if (code === lf) return bareLineFeed();
  if (code === space || code === tab) return spaceBeforeColon();
  return malformed("nameIsToken", `a field name holds ${hex(code)}`);
}

/** RFC 9110 §5.1. A line that begins with a colon is a field without name: some skip it, some take it for a fold. */
export function nameIsNotEmpty(): WireProblem {
  return malformed("nameIsNotEmpty", "a field has no name");
}

/** RFC 9112 §3. Between method, target and version stands exactly one space: others see another target. */
export function requestLineParts(): WireProblem {
  return malformed(
    "requestLineParts",
    "the request line is not method, target and version with single spaces",
  );
}

/** RFC 9110 §9.1. The method is a token. */
export function methodIsToken(code: number): WireProblem {
  if (code === lf) return bareLineFeed();
  return malformed("methodIsToken", `the method holds ${hex(code)}`);
}

/** RFC 9112 §3. A method longer than any we know. */
export function methodTooLong(): WireProblem {
  return { clause: "methodTooLong", status: 501, text: "the method is longer than any that is served" };
}

/** RFC 9112 §3.2. White space or raw bytes in a target make two recipients see two targets. */
export function targetCharacters(code: number): WireProblem {
  if (code === lf) return bareLineFeed();
  return malformed("targetCharacters", `the target holds ${hex(code)}, which must be percent-encoded`);
}

/** RFC 9112 §2.3. The version is HTTP, a digit, a dot, a digit; HTTP/0.9 has none and no head. */
export function versionForm(): WireProblem {
  return malformed("versionForm", "the version is not of the form HTTP/1.1");
}

/** RFC 9110 §15.6.6. Another version has another framing. */
export function versionKnown(major: number, minor: number): WireProblem | undefined {
  if (major === 1 && minor <= 1) return undefined;
  const text = `HTTP/${major}.${minor} is not spoken here; HTTP/1.1 is`;
  return { clause: "versionKnown", status: 505, text };
}

/** RFC 9112 §3. Without a bound one request takes all memory. */
export function targetTooLong(maxBytes: number): WireProblem {
  return { clause: "targetTooLong", status: 414, text: `the target is longer than ${maxBytes} bytes` };
}

/** RFC 6585 §5. A head without bound takes all memory. */
export function headTooLarge(maxBytes: number): WireProblem {
  return { clause: "headTooLarge", status: 431, text: `the head is larger than ${maxBytes} bytes` };
}

/** RFC 6585 §5. Many short fields cost more than their bytes. */
export function tooManyFields(maxFields: number): WireProblem {
  return { clause: "tooManyFields", status: 431, text: `the head has more than ${maxFields} fields` };
}

/** RFC 9112 §3.2. `*` is for OPTIONS, authority-form for CONNECT; others would be routed to nobody's path. */
export function targetForm(method: string, target: string): WireProblem | undefined {
  const connect = method === "CONNECT";
  if (!connect && target.charCodeAt(0) === 47) return undefined;
  if (method === "OPTIONS" && target === "*") return undefined;
  if (!connect && /^https?:\/\/[^/?]/i.test(target)) return undefined;
  if (connect && /^[^/?@]+:\d{1,5}$/.test(target)) return undefined;
  return malformed("targetForm", `the target's form does not fit ${method}`);
}

/** RFC 9112 §3.2. Without Host, or with two, the front and the back ask different sites. */
export function oneHost(count: number, minor: 0 | 1): WireProblem | undefined {
  if (count === 1 || (count === 0 && minor === 0)) return undefined;
  return malformed("oneHost", `the request has ${count} Host fields; exactly one is required`);
}

/** RFC 9110 §4.2.1, §7.2. An authority with a path, a list or user names in it is read in more than one way. */
export function authorityForm(authority: string): WireProblem | undefined {
  if (authority.length > 0 && authority.length <= 512 && all(authorityChars, authority)) return undefined;
  return malformed("authorityForm", "the host that is asked for is empty or holds what no host has");
}

/** RFC 9112 §6.1, §6.3. Two lengths let two recipients split the stream at different places: request smuggling. */
export function lengthBesideCoding(lengths: number, codings: number): WireProblem | undefined {
  if (lengths === 0 || codings === 0) return undefined;
  return malformed("lengthBesideCoding", "Content-Length and Transfer-Encoding stand side by side");
}

/** RFC 9112 §6.1. HTTP/1.0 has no chunks: whoever forwards it would take them for the body. */
export function codingNeedsHttp11(codings: number, minor: 0 | 1): WireProblem | undefined {
  if (codings === 0 || minor === 1) return undefined;
  return malformed("codingNeedsHttp11", "HTTP/1.0 knows no Transfer-Encoding");
}

/** RFC 9112 §6.1, §6.3. One that hides `chunked` from another recipient (`xchunked`, two fields, two times) smuggles. */
export function onlyChunked(codings: number, value: string): WireProblem | undefined {
  if (codings === 0) return undefined;
  const list = value.toLowerCase().split(",");
  const names = list.map((name) => name.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (codings === 1 && names.length === 1 && names[0] === "chunked") return undefined;
  const known = names.slice(0, -1).every((name) => /^(x-)?(gzip|compress)$|^deflate$/.test(name));
  if (codings === 1 && names.at(-1) === "chunked" && known)
    return { clause: "onlyChunked", status: 501, text: "of transfer codings only chunked is understood" };
  return malformed("onlyChunked", "Transfer-Encoding is not exactly one chunked");
}

/** RFC 9110 §8.6. Signs, lists and repetitions are read as different lengths: request smuggling. */
export function lengthForm(lengths: number, value: string): WireProblem | undefined {
  if (lengths === 0) return undefined;
  if (lengths === 1 && /^\d{1,15}$/.test(value)) return undefined;
  return malformed("lengthForm", "Content-Length is not exactly one number");
}

/** RFC 9110 §10.1.1. Who expects something else than 100-continue would wait for ever. */
export function expectationKnown(value: string): WireProblem | undefined {
  if (value.toLowerCase() === "100-continue") return undefined;
  return { clause: "expectationKnown", status: 417, text: "of expectations only 100-continue is understood" };
}

/** RFC 9112 §4. The status is three digits from 100 to 599 between spaces. */
export function statusForm(): WireProblem {
  return malformed("statusForm", "the status line is not version, three digits and reason");
}

/** RFC 9112 §7.1. Signs, prefixes and overflow of a chunk size are read in more than one way. */
export function chunkSize(code: number): WireProblem {
  if (code === lf) return bareLineFeed();
  return malformed("chunkSize", `a chunk size holds ${hex(code)}`);
}

/** RFC 9112 §7.1. More digits than a body can have bytes overflow in some recipients. */
export function chunkSizeTooLong(): WireProblem {
  return malformed("chunkSizeTooLong", "a chunk size has more than 12 digits");
}

/** RFC 9112 §7.1.1. Extensions without end keep a recipient busy with what it throws away. */
export function chunkExtensionsTooLong(maxBytes: number): WireProblem {
  const text = `the chunk extensions of a body are longer than ${maxBytes} bytes`;
  return { clause: "chunkExtensionsTooLong", status: 413, text };
}

/** RFC 9112 §7.1. A chunk that does not end where it said belongs to a stream that is out of step. */
export function chunkEnd(): WireProblem {
  return malformed("chunkEnd", "a chunk is not followed by CRLF");
}

/** RFC 9110 §6.5.1. A length, a host or a right that comes behind the body would change what was decided before it. */
export function trailerAllowed(name: string): WireProblem | undefined {
  if (!forbiddenTrailers.has(name.toLowerCase())) return undefined;
  return malformed("trailerAllowed", "a field stands in the trailers that may only stand in the head");
}

const forbiddenTrailers = new Set([
  ...["transfer-encoding", "content-length", "host", "connection", "keep-alive", "upgrade", "te", "trailer"],
  ...["authorization", "proxy-authorization", "cookie", "set-cookie", "expect", "max-forwards", "range"],
  ...["content-encoding", "content-type", "content-range", "cache-control", "proxy-connection"],
]);

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
