/** One doubtful thing at a time: what a row of docs/reference/http1-differences.md is about. */
export interface Doubt {
  readonly name: string;
  /** Why the engine does what it does. */
  readonly why: string;
  /** The whole request; `$case` stands for the field that names it. */
  readonly bytes: string;
}

const get = (target: string, ...lines: string[]): string =>
  [`GET ${target} HTTP/1.1`, "$case", ...lines, "", ""].join("\r\n");
const post = (body: string, ...lines: string[]): string =>
  `${["POST /a HTTP/1.1", "Host: a", "$case", ...lines, "", ""].join("\r\n")}${body}`;
const chunked = (body: string): string => post(body, "Transfer-Encoding: chunked");

const twoLengths = "the next hop may read another length, and the rest of the body as a request";
const hides = "a parser that does not see the coding reads the body as requests";
const lines = "parsers disagree on where such a line ends";

export const doubts: readonly Doubt[] = [
  {
    name: "Content-Length and Transfer-Encoding",
    why: twoLengths,
    bytes: post("0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"),
  },
  {
    name: "two Content-Length that differ",
    why: twoLengths,
    bytes: post("hello", "Content-Length: 5", "Content-Length: 0"),
  },
  {
    name: "two Content-Length that agree",
    why: "RFC 9110 §8.6 allows a refusal; nobody honest sends it",
    bytes: post("hello", "Content-Length: 5", "Content-Length: 5"),
  },
  { name: "Content-Length: 5, 5", why: "as above", bytes: post("hello", "Content-Length: 5, 5") },
  { name: "Content-Length: +5", why: "a length is digits", bytes: post("hello", "Content-Length: +5") },
  { name: "Content-Length: 0x5", why: "a length is digits", bytes: post("hello", "Content-Length: 0x5") },
  {
    name: "Content-Length with a vertical tab",
    why: "no blank of HTTP",
    bytes: post("hello", "Content-Length: 5\x0b"),
  },
  {
    name: "Transfer-Encoding: gzip, chunked",
    why: "a coding we would have to undo",
    bytes: post("0\r\n\r\n", "Transfer-Encoding: gzip, chunked"),
  },
  {
    name: "Transfer-Encoding: identity",
    why: hides,
    bytes: post("hello", "Transfer-Encoding: identity", "Content-Length: 5"),
  },
  {
    name: "Transfer-Encoding: chunked, twice",
    why: hides,
    bytes: post("0\r\n\r\n", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
  },
  {
    name: "Transfer-Encoding: xchunked",
    why: hides,
    bytes: post("hello", "Transfer-Encoding: xchunked", "Content-Length: 5"),
  },
  {
    name: "a vertical tab before chunked",
    why: hides,
    bytes: post("0\r\n\r\n", "Transfer-Encoding: \x0bchunked"),
  },
  {
    name: "a space before the colon",
    why: "RFC 9112 §5.1: refused with 400",
    bytes: post("0\r\n\r\n", "Transfer-Encoding : chunked"),
  },
  {
    name: "Transfer-Encoding in HTTP/1.0",
    why: "RFC 9112 §6.1: the framing is faulty",
    bytes: chunked("0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0"),
  },
  { name: "lines that end with LF alone", why: lines, bytes: get("/a", "Host: a").replaceAll("\r\n", "\n") },
  { name: "CR inside a value", why: lines, bytes: get("/a", "Host: a", "X: b\rY: c") },
  {
    name: "NUL inside a value",
    why: "a service in C reads the value up to it",
    bytes: get("/a", "Host: a", "X: b\0c"),
  },
  {
    name: "a folded line",
    why: "RFC 9112 §5.2: refused; parsers disagree on whose value it is",
    bytes: get("/a", "Host: a", "X: b", " c"),
  },
  { name: "a field without colon", why: "it is no field", bytes: get("/a", "Host: a", "X") },
  { name: "a blank in a field name", why: "a name is a token", bytes: get("/a", "Host: a", "X Y: b") },
  {
    name: "an underscore in a field name",
    why: "CGI services read X_Forwarded_For as X-Forwarded-For",
    bytes: get("/a", "Host: a", "X_Y: b"),
  },
  {
    name: "two Host fields",
    why: "RFC 9112 §3.2: one program routes by the first, the next by the second",
    bytes: get("/a", "Host: a", "Host: b"),
  },
  { name: "no Host", why: "RFC 9112 §3.2", bytes: get("/a") },
  {
    name: "Host: a/b",
    why: "it is no host; caches and routers split it in different places",
    bytes: get("/a", "Host: a/b"),
  },
  {
    name: "two spaces in the request line",
    why: lines,
    bytes: get("/a", "Host: a").replace(" /a ", "  /a "),
  },
  { name: "a tab in the request line", why: lines, bytes: get("/a", "Host: a").replace("/a ", "/a\t") },
  {
    name: "a byte above 127 in the target",
    why: "it must be percent-encoded; services decode it in different ways",
    bytes: get("/\xff", "Host: a"),
  },
  {
    name: "a fragment in the target",
    why: "RFC 9112 §3.2: not part of a target",
    bytes: get("/a#b", "Host: a"),
  },
  {
    name: "an encoded slash in the path",
    why: "data to one program and a separator to the next",
    bytes: get("/a%2fb", "Host: a"),
  },
  {
    name: "a path that climbs above its root",
    why: "it leads past the rules of a prefix",
    bytes: get("/../b", "Host: a"),
  },
  {
    name: "HTTP/1.2",
    why: "RFC 9110 §2.5: read as the highest minor version we know, or refused; we refuse what we do not know",
    bytes: get("/a", "Host: a").replace("1.1", "1.2"),
  },
  {
    name: "no version",
    why: "HTTP/0.9 has no fields to say who is asked",
    bytes: get("/a", "Host: a").replace(" HTTP/1.1", ""),
  },
  {
    name: "chunk size 0x5",
    why: "a size is hexadecimal digits",
    bytes: chunked("0x5\r\nhello\r\n0\r\n\r\n"),
  },
  {
    name: "a space behind a chunk size",
    why: "blanks stand before an extension only",
    bytes: chunked("5 \r\nhello\r\n0\r\n\r\n"),
  },
  {
    name: "a chunk size above 2^64",
    why: "it wraps to a small one in a careless parser",
    bytes: chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"),
  },
  {
    name: "a chunk longer than its size",
    why: "the surplus would be a request",
    bytes: chunked("5\r\nhelloX\r\n0\r\n\r\n"),
  },
  { name: "LF alone behind a chunk", why: lines, bytes: chunked("5\r\nhello\n0\r\n\r\n") },
  { name: "LF inside a chunk extension", why: lines, bytes: chunked("5;a\nb\r\nhello\r\n0\r\n\r\n") },
  {
    name: "a chunk extension",
    why: "RFC 9112 §7.1.1: recipients ignore those they do not know; it is dropped",
    bytes: chunked("5;a=b\r\nhello\r\n0\r\n\r\n"),
  },
  {
    name: "Connection: host",
    why: "a client could delete what routing depends on; such names are not obeyed",
    bytes: get("/a", "Host: a", "Connection: host"),
  },
];
