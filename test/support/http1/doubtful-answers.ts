import type { Doubt } from "./doubtful.ts";

/** One doubtful thing of an answer at a time: the rows of the second table of docs/reference/http1-differences.md. */
const answer = (line: string, body: string, ...fields: string[]): string =>
  [line, "$echo", ...fields, "", body].join("\r\n");
const ok = (body: string, ...fields: string[]): string => answer("HTTP/1.1 200 OK", body, ...fields);
const chunked = (body: string): string => ok(body, "Transfer-Encoding: chunked");

const twoEnds = "who reads on sees another end of the answer, and the rest as the next one";
const splits = "the client reads a field, or an answer, that the service never sent";
const unknown = "a body that nobody can undo would look whole";

export const doubtfulAnswers: readonly Doubt[] = [
  {
    name: "Content-Length and Transfer-Encoding",
    why: twoEnds,
    bytes: ok("0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"),
  },
  {
    name: "two Content-Length that differ",
    why: twoEnds,
    bytes: ok("hello", "Content-Length: 5", "Content-Length: 2"),
  },
  {
    name: "two Content-Length that agree",
    why: "RFC 9110 §8.6 allows a refusal; nobody honest sends it",
    bytes: ok("hello", "Content-Length: 5", "Content-Length: 5"),
  },
  { name: "Content-Length: +5", why: "a length is digits", bytes: ok("hello", "Content-Length: +5") },
  {
    name: "Transfer-Encoding: gzip",
    why: unknown,
    bytes: ok("hello", "Transfer-Encoding: gzip"),
  },
  {
    name: "Transfer-Encoding: gzip, chunked",
    why: unknown,
    bytes: ok("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: gzip, chunked"),
  },
  {
    name: "Transfer-Encoding: xchunked",
    why: twoEnds,
    bytes: ok("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: xchunked"),
  },
  {
    name: "chunk size 0x5",
    why: "a size is hexadecimal digits",
    bytes: chunked("0x5\r\nhello\r\n0\r\n\r\n"),
  },
  {
    name: "a chunk longer than its size",
    why: "what came is not what was announced",
    bytes: chunked("5\r\nhelloX\r\n0\r\n\r\n"),
  },
  {
    name: "chunks without the last one",
    why: "an answer cut short must not look whole",
    bytes: chunked("5\r\nhello\r\n"),
  },
  {
    name: "less than Content-Length",
    why: "an answer cut short must not look whole",
    bytes: ok("hello", "Content-Length: 9"),
  },
  {
    name: "more than Content-Length",
    why: "the surplus is nobody's answer; the connection is dropped",
    bytes: ok(
      "helloHTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Echo: forged\r\n\r\nforged",
      "Content-Length: 5",
    ),
  },
  { name: "CR inside a value", why: splits, bytes: ok("hello", "X: b\rY: c", "Content-Length: 5") },
  { name: "LF alone behind a value", why: splits, bytes: ok("hello", "X: b\nY: c", "Content-Length: 5") },
  { name: "NUL inside a value", why: splits, bytes: ok("hello", "X: b\0c", "Content-Length: 5") },
  { name: "a folded line", why: splits, bytes: ok("hello", "X: b", " c", "Content-Length: 5") },
  { name: "a space before the colon", why: splits, bytes: ok("hello", "X : b", "Content-Length: 5") },
  { name: "a blank in a field name", why: splits, bytes: ok("hello", "X Y: b", "Content-Length: 5") },
  { name: "a field without colon", why: splits, bytes: ok("hello", "X", "Content-Length: 5") },
  {
    name: "a control character in the reason",
    why: "it reaches terminals and logs",
    bytes: answer("HTTP/1.1 200 O\x1bK", "hello", "Content-Length: 5"),
  },
  {
    name: "no reason, and no space before it",
    why: "many services send it, and nothing can hide in it",
    bytes: answer("HTTP/1.1 200", "hello", "Content-Length: 5"),
  },
  {
    name: "a status of two digits",
    why: "RFC 9112 §4: three digits",
    bytes: answer("HTTP/1.1 20 OK", "hello", "Content-Length: 5"),
  },
  {
    name: "status 600",
    why: "RFC 9110 §15: statuses end with 599",
    bytes: answer("HTTP/1.1 600 OK", "hello", "Content-Length: 5"),
  },
  {
    name: "HTTP/2.0 in the status line",
    why: "another version has another framing",
    bytes: answer("HTTP/2.0 200 OK", "hello", "Content-Length: 5"),
  },
  {
    name: "101 that nobody asked for",
    why: "the next answer would be part of a tunnel",
    bytes: answer("HTTP/1.1 101 Switching Protocols", "raw", "Connection: upgrade", "Upgrade: x"),
  },
  {
    name: "an interim answer with two Content-Length",
    why: twoEnds,
    bytes: `HTTP/1.1 103 Early Hints\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n${ok("hello", "Content-Length: 5")}`,
  },
  { name: "no HTTP", why: "it is no answer", bytes: "SSH-2.0-OpenSSH_9.2\r\n\r\n" },
];
