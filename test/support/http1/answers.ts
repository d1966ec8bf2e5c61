import type { Random } from "../../../src/kernel/index.ts";
import { mutated, type Part, pick, shuffled } from "./grammar.ts";

/**
 * Answers as the grammar of RFC 9112 knows them, and as services that are broken or hostile send them: the other
 * direction of `generator.ts`, drawn in the same way.
 */

/** What an origin says on being asked for a case, and to which method. */
export interface AnswerCase {
  readonly id: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly bytes: Buffer;
}

const version: Part = {
  right: ["HTTP/1.1"],
  wrong: [
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/11",
    "http/1.1",
    "HTTP/1.10",
    "HTTP/ 1.1",
    "",
    "ICY",
  ],
};

const space: Part = { right: [" "], wrong: ["  ", "\t", "", "\x0b", "\r", "\u00a0"] };

const status: Part = {
  right: ["200", "201", "204", "206", "301", "304", "400", "404", "410", "418", "299"],
  wrong: [
    ...["099", "20", "2000", "600", "000", "+20", "2x0", "", "0x1", "200,", " 200", "-200", "2 00"],
    ...["101", "100", "103", "199", "500", "503"],
  ],
};

const reason: Part = {
  right: ["OK", "", "Not Found", "r\u00e9ason", "a\tb"],
  wrong: ["OK\0", "O\rK", "\x01", "OK\r\n X-Fold: 1", "\x7f", "OK\nX-Hidden: 1"],
};

const lineEnd: Part = {
  right: ["\r\n"],
  wrong: ["\n", "\r", "\r\r\n", "\n\r", "\r\n\n", "\0\r\n", "\x0b\r\n", "\r\n ", " \r\n", "\t\r\n"],
};

/** Framing of a body of `$n` bytes. */
const lengthField: Part = {
  right: ["Content-Length: $n", "content-length:$n", "Content-Length: \t$n "],
  wrong: [
    ...["Content-Length: +$n", "Content-Length: -$n", "Content-Length: $n,$n", "Content-Length: $n, 0"],
    ...["Content-Length: $n\r\nContent-Length: $n", "Content-Length: 0\r\nContent-Length: $n"],
    ...["Content-Length : $n", "Content-Length: $n\x0b", "Content-Length: 0x$n", "Content-Length: "],
    ...["Content-Length: $n.0", "Content-Length: 99999999999999999999", 'Content-Length: "$n"'],
    ...["Content-Length:\r\n $n", "\tContent-Length: $n", "Content-Length\0: $n", "Content-Length: $n;"],
    ...[
      "Connection: content-length\r\nContent-Length: $n",
      "Content-Length: $n\r\nTransfer-Encoding: chunked",
    ],
    ...["Content-Length: 1$n", "Content-Length: 0", "Content-Length: 1", "Content-Length: 0$n"],
  ],
};

const chunkedField: Part = {
  right: ["Transfer-Encoding: chunked", "transfer-encoding: Chunked"],
  wrong: [
    ...[
      "Transfer-Encoding: chunked\r\nContent-Length: $n",
      "Content-Length: $n\r\nTransfer-Encoding: chunked",
    ],
    ...["Transfer-Encoding: xchunked\r\nContent-Length: $n", "Transfer-Encoding: chunked, chunked"],
    ...[
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity",
    ],
    ...["Transfer-Encoding : chunked", "Transfer-Encoding: chunked\x0b", "Transfer-Encoding: \x0bchunked"],
    ...["Transfer-Encoding: chunked;q=1", 'Transfer-Encoding: "chunked"', "Transfer-Encoding:\r\n chunked"],
    ...["Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: ,chunked"],
    ...["X: y\r\n Transfer-Encoding: chunked", "Connection: transfer-encoding\r\nTransfer-Encoding: chunked"],
    ...["Transfer-\r\nEncoding: chunked", "Transfer-Encoding: nothing", "Transfer-Encoding: gzip"],
  ],
};

/** One chunk of the text `$d`, whose size is `$s`. */
const chunk: Part = {
  right: ["$s\r\n$d\r\n", "0$s\r\n$d\r\n", "$s;a=b\r\n$d\r\n", '$s;a="b"\r\n$d\r\n', "$s ;a\r\n$d\r\n"],
  wrong: [
    ...["$s\n$d\r\n", "$s\r\n$d\n", "$s\r\n$d", "0x$s\r\n$d\r\n", "$s \r\n$d\r\n", " $s\r\n$d\r\n"],
    ...["-$s\r\n$d\r\n", "$s\r$d\r\n", "$s;\n$d\r\n", "$s\r\n$dX\r\n", "FFFFFFFFFFFFFFFF$s\r\n$d\r\n"],
    ...["\r\n$s\r\n$d\r\n", "$s;a\rb\r\n$d\r\n", "10000000000000000$s\r\n$d\r\n", "\r\n", "$s\r\n\r\n$d\r\n"],
  ],
};

const lastChunk: Part = {
  right: ["0\r\n\r\n", "000\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n", "0;a\r\n\r\n"],
  wrong: [
    ...["0\n\n", "0\r\n", "0\r\n\n", "\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "0\r\n X\r\n\r\n"],
    ...["0\r\nX : y\r\n\r\n", "0 \r\n\r\n", "0x0\r\n\r\n", "0\r\nSet-Cookie: a=b\r\n\r\n", "-0\r\n\r\n", ""],
  ],
};

const otherField: Part = {
  right: [
    ...["Content-Type: text/plain", "X-Long: $long", "Connection: keep-alive", "X-Empty:", "X-High: \u00e9"],
    ...["Set-Cookie: a=b\r\nSet-Cookie: c=d", "Keep-Alive: timeout=60", "Trailer: X-Sum", "Via: 1.1 other"],
    ...["Connection: close", "Date: Sun, 06 Nov 1994 08:49:37 GMT", "X-Tab:\ta\tb"],
  ],
  wrong: [
    ...["X Y: a", ": a", "X", "X\0: a", "X: a\0", "X: a\rb", "X: a\x7f", "X:\x01", "(X): a", "X:a\r\n b"],
    ...["X: a\nY: b", "Connection: x-echo", "Connection: ,,close,,", "Keep-Alive: timeout=0", "X\u00e9: a"],
    ...[
      "Upgrade: h2c\r\nConnection: upgrade",
      "Proxy-Authenticate: Basic",
      "X: a\r\r\nY: b",
      "Trailer: x-echo",
    ],
  ],
};

const interim: readonly string[] = [
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\n",
  "HTTP/1.1 103 Early Hints\nLink: </a>\n\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
];

/** An answer nobody asked for. */
const forged = "HTTP/1.1 200 OK\r\nX-Echo: forged\r\nContent-Length: 6\r\n\r\nforged";

/**
 * An answer, in some cases wrong in a part or two, in some broken off, bent or followed by another one.
 *
 * @param id put into `X-Echo`, so that it can be told whose answer it is
 */
export function generateAnswer(random: Random, id: string): AnswerCase {
  const method = pick(random, ["GET", "GET", "HEAD", "POST"] as const);
  const before = random.below(8) === 0 ? pick(random, interim) : "";
  const whole = Buffer.from(before + answer(random, `${id}.0`), "latin1");
  return { id, method, bytes: bent(random, whole) };
}

/** Right answers of every framing, for cases that are cut and not bent. */
export function plainAnswer(id: string, framing: Framing | "none" | "interim"): AnswerCase {
  const head = `HTTP/1.1 200 OK\r\nX-Echo: ${id}.0\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n`;
  const text: Readonly<Record<typeof framing, string>> = {
    length: `${head}Content-Length: 5\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\nhello`,
    chunked: `${head}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;x=y\r\nhello\r\n004\r\n you\r\n0\r\nX-Sum: 1\r\n\r\n`,
    close: `${head}Connection: close\r\n\r\nhello`,
    none: head.replace("200 OK", "204 No Content").concat("\r\n"),
    interim: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${head}Content-Length: 5\r\n\r\nhello`,
  };
  return { id, method: "GET", bytes: Buffer.from(text[framing], "latin1") };
}

type Framing = "length" | "chunked" | "close";

function answer(random: Random, name: string): string {
  const draw = (one: Part): string => pick(random, random.below(14) === 0 ? one.wrong : one.right);
  const framing = pick(random, ["length", "length", "chunked", "close"] as const);
  const body = random.below(3) === 0 ? forged : "x".repeat(random.below(40));
  const fields = [`X-Echo: ${name}`];
  for (let more = random.below(3); more > 0; more--) fields.push(draw(otherField));
  if (framing === "length") fields.push(draw(lengthField));
  if (framing === "chunked") fields.push(draw(chunkedField));
  const size = String(Buffer.byteLength(body, "latin1"));
  const head = shuffled(random, fields)
    .map(
      (field) =>
        field.replaceAll("$long", "v".repeat(random.below(3000))).replaceAll("$n", size) + draw(lineEnd),
    )
    .join("");
  const start = `${draw(version)}${draw(space)}${draw(status)}${draw(space)}${draw(reason)}${draw(lineEnd)}`;
  const content = framing === "chunked" ? chunks(random, body, draw) : body;
  return `${start}${head}${draw(lineEnd)}${content}`;
}

function chunks(random: Random, body: string, draw: (one: Part) => string): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const data = body.slice(at, at + 1 + random.below(body.length));
    text += draw(chunk)
      .replaceAll("$s", data.length.toString(16))
      .replaceAll("$d", () => data);
    at += data.length;
  }
  return text + draw(lastChunk);
}

/** Now and then broken off, followed by what nobody asked for, or with bytes changed. */
function bent(random: Random, bytes: Buffer): Buffer {
  switch (random.below(10)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length));
    case 1:
      return Buffer.concat([bytes, Buffer.from(forged, "latin1")]);
    case 2:
      return Buffer.concat([
        bytes,
        Buffer.from(pick(random, ["\r\n", "x", "\0", "\n", "0\r\n\r\n"]), "latin1"),
      ]);
    case 3:
      return mutated(random, bytes);
    default:
      return bytes;
  }
}
