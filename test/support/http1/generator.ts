import type { Random } from "../../../src/kernel/index.ts";
import { mutated, type Part, pick, shuffled } from "./grammar.ts";
import { readMessages, valuesOf } from "./reference.ts";

/**
 * Requests as the grammar of RFC 9112 knows them, each part drawn from its right forms and from the wrong ones that
 * servers have been confused with. Most cases have one or two wrong parts: a message with ten is refused for the
 * first, and nine go untested.
 */

const method: Part = {
  right: ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "QUERY"],
  wrong: ["get", "G ET", "GET\0", "\tGET", "(GET)", "", "CONNECT", "POST\r\n", "TRACE", "PRI", "G\u00e9T"],
};

const target: Part = {
  right: ["/a", "/a/b?c=d", "/%41", "http://shop.test/a", "/a?x=%0d%0a", "/a//b", "*"],
  wrong: [
    "",
    "a",
    "//",
    "/a b",
    "/a\t",
    "/a\0",
    "shop.test:80",
    "/\u00ff",
    "/a#b",
    "http://",
    "http://a@b/",
    "/a\rb",
    "/../..",
    "\\a",
    "https://other.test/",
  ],
};

const version: Part = {
  right: ["HTTP/1.1"],
  wrong: [
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/11",
    "HTTP/1.1 ",
    "http/1.1",
    "HTTP/1.10",
    "HTTP/ 1.1",
    "",
    "HTTP/1.1\0",
    "ICE/1.1",
    "HTTP/1.9",
  ],
};

const lineEnd: Part = {
  right: ["\r\n"],
  wrong: [
    "\n",
    "\r",
    "\r\r\n",
    "\n\r",
    "\r\n\n",
    "\0\r\n",
    "\x0b\r\n",
    "\u0085\r\n",
    "\r\n ",
    " \r\n",
    "\t\r\n",
  ],
};
const space: Part = { right: [" "], wrong: ["  ", "\t", "", "\x0b", "\x0c", "\r", "\u00a0"] };

const host: Part = {
  right: ["Host: shop.test"],
  wrong: [
    "",
    "Host: a\r\nHost: b",
    "Host : shop.test",
    "Host:shop.test\r\nHost: shop.test",
    "Host: a/b",
    "Host: a b",
    "Host: a,b",
    "HOST: shop.test",
    "Host:",
    "Host: \0",
    " Host: shop.test",
    "Host: shop.test@other",
    "Host: [::1",
    "X: y\r\n Host: z",
  ],
};

/** Framing of a body of `$n` bytes. */
const lengthField: Part = {
  right: ["Content-Length: $n"],
  wrong: [
    ...[
      "Content-Length: +$n",
      "Content-Length: -$n",
      "Content-Length: 0$n",
      "Content-Length: $n,$n",
      "Content-Length: $n, 0",
    ],
    ...[
      "Content-Length: $n\r\nContent-Length: $n",
      "Content-Length: 0\r\nContent-Length: $n",
      "Content-Length: $n\r\ncontent-length: 0",
    ],
    ...[
      "Content-Length : $n",
      "Content-Length:\t$n",
      "Content-Length: $n\x0b",
      "Content-Length: 0x$n",
      "Content-Length: $n 0",
      "Content-Length: $ne0",
    ],
    ...[
      "Content-Length: ",
      "Content-Length: $n.0",
      "Content_Length: $n",
      "Content-Length: 99999999999999999999",
      'Content-Length: "$n"',
    ],
    ...[
      "Content-Length:\r\n $n",
      "\tContent-Length: $n",
      "Content-Length\0: $n",
      "Content-Length: 0",
      "Content-Length: $n;",
      "X: y\r\n Content-Length: $n",
    ],
    ...[
      "Connection: content-length\r\nContent-Length: $n",
      "Content-Length: \u00b2",
      "Content-Length: $n\r\nTransfer-Encoding: chunked",
    ],
  ],
};

const chunkedField: Part = {
  right: ["Transfer-Encoding: chunked", "transfer-encoding: Chunked"],
  wrong: [
    ...[
      "Transfer-Encoding: chunked\r\nContent-Length: $n",
      "Content-Length: $n\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: xchunked\r\nContent-Length: $n",
    ],
    ...[
      "Transfer-Encoding: chunked, chunked",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity",
    ],
    ...[
      "Transfer-Encoding: identity, chunked\r\nContent-Length: $n",
      "Transfer-Encoding : chunked",
      "Transfer-Encoding:\tchunked",
      "Transfer-Encoding: chunked\x0b",
    ],
    ...[
      "Transfer-Encoding: \x0bchunked",
      "Transfer-Encoding: chunked;q=1",
      'Transfer-Encoding: "chunked"',
      "Transfer-Encoding:\r\n chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ],
    ...[
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
      "Transfer_Encoding: chunked",
      "Transfer-Encoding: ,chunked",
      "Transfer-Encoding: chunked,",
      "Transfer-Encoding: c\u0068unked\0",
    ],
    ...[
      "X: y\r\n Transfer-Encoding: chunked",
      "Connection: transfer-encoding\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunke\u0064 \u00a0",
      "Transfer-Encoding: nothing",
    ],
    ...[
      "Transfer-\r\nEncoding: chunked",
      "Transfer-Encoding\r\n: chunked",
      "Transfer-Encoding: \r\nTransfer-Encoding: chunked",
    ],
  ],
};

/** One chunk of the text `$d`, whose size is `$s`. */
const chunk: Part = {
  right: ["$s\r\n$d\r\n", "0$s\r\n$d\r\n", "$s;a=b\r\n$d\r\n", '$s;a="b"\r\n$d\r\n', "$s ;a\r\n$d\r\n"],
  wrong: [
    ...[
      "$s\n$d\r\n",
      "$s\r\n$d\n",
      "$s\r\n$d",
      "0x$s\r\n$d\r\n",
      "$s \r\n$d\r\n",
      " $s\r\n$d\r\n",
      "-$s\r\n$d\r\n",
      "+$s\r\n$d\r\n",
      "$s\r$d\r\n",
      "$s;\n$d\r\n",
    ],
    ...[
      "$s\r\n$dX\r\n",
      "$s;a\0\r\n$d\r\n",
      "FFFFFFFFFFFFFFFF$s\r\n$d\r\n",
      "\r\n$s\r\n$d\r\n",
      "$s,\r\n$d\r\n",
      "$s_\r\n$d\r\n",
      "$s.0\r\n$d\r\n",
      "$s;a\rb\r\n$d\r\n",
    ],
    ...["10000000000000000$s\r\n$d\r\n", "$s;a\nb\r\n$d\r\n", "\r\n", "$s\r\n\r\n$d\r\n"],
  ],
};

const lastChunk: Part = {
  right: ["0\r\n\r\n", "000\r\n\r\n", "0\r\nX-Sum: 1\r\n\r\n", "0;a\r\n\r\n"],
  wrong: [
    "0\n\n",
    "0\r\n",
    "0\r\n\n",
    "\r\n\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "0\r\n X\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\n\0: y\r\n\r\n",
    "0 \r\n\r\n",
    "0x0\r\n\r\n",
    "0\r\nHost: other\r\n\r\n",
    "-0\r\n\r\n",
  ],
};

const otherField: Part = {
  right: [
    "Accept: */*",
    "X-Long: $long",
    "Connection: keep-alive",
    "X-Empty:",
    "X-High: \u00e9",
    "X-Tab:\ta\tb",
    "TE: trailers",
    "Via: 1.0 fred",
    "Accept: a\r\nAccept: b",
  ],
  wrong: [
    ...[
      "X Y: a",
      ": a",
      "X",
      "X\0: a",
      "X: a\0",
      "X: a\rb",
      "X: a\x7f",
      "X:\x01",
      "(X): a",
      "X-\u00e9: a",
      "X:a\r\n b",
      "Connection: host",
      "Connection: x-other, close",
    ],
    ...[
      "X_Forwarded_For: 1.2.3.4",
      "Keep-Alive: timeout=5",
      "Upgrade: h2c\r\nConnection: upgrade\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
      "Expect: nonsense",
      "Expect: 100-continue",
      "Connection: upgrade\r\nUpgrade: websocket",
    ],
    ...[
      "Trailer: X-Sum",
      "Proxy-Connection: keep-alive",
      "Connection: ,,close,,",
      "X: a\nY: b",
      "TE: chunked",
      "X-Forwarded-For: 6.6.6.6",
    ],
  ],
};

/** One connection's worth of bytes. */
export interface Case {
  readonly id: string;
  readonly bytes: Buffer;
}

/** A request that must not be seen by anybody: it stands in the body of another. */
const hidden = "GET /hidden HTTP/1.1\r\nHost: shop.test\r\nX-Case: hidden\r\n\r\n";

/**
 * A few requests on one connection, some of them wrong, the last one closing it.
 *
 * @param id put into `X-Case` of each request with its number, so that an answer tells whose it is
 */
export function generateCase(random: Random, id: string): Case {
  const count = 1 + random.below(2);
  let text = "";
  for (let n = 0; n < count; n++) text += request(random, `${id}.${n}`);
  text += `GET /last HTTP/1.1\r\nHost: shop.test\r\nX-Case: ${id}.last\r\nConnection: close\r\n\r\n`;
  const bytes = Buffer.from(text, "latin1");
  if (random.below(8) > 0) return { id, bytes };
  const bent = mutated(random, bytes);
  return { id, bytes: keepsItsNames(id, bent) ? bent : bytes };
}

/** False when a mutation made a request that cannot be told from another, or brought the hidden one to light. */
function keepsItsNames(id: string, bytes: Buffer): boolean {
  const { messages } = readMessages(bytes, { kind: "request", form: "received" });
  const names = messages.map(({ fields }) => valuesOf(fields, "x-case"));
  const own = names.every((values) => values.length === 1 && values[0]?.startsWith(`${id}.`) === true);
  return own && new Set(names.flat()).size === names.length;
}

/** A correct request of each framing, for cases that are cut and not bent. */
export function plainCase(id: string, body: "none" | "length" | "chunked"): Case {
  const framing = { none: "", length: "Content-Length: 5\r\n", chunked: "Transfer-Encoding: chunked\r\n" }[
    body
  ];
  const content = {
    none: "",
    length: "hello",
    chunked: "5;x=y\r\nhello\r\n004\r\n you\r\n0\r\nX-Sum: 1\r\n\r\n",
  }[body];
  const first = `POST /a?b=c HTTP/1.1\r\nHost: shop.test\r\nX-Case: ${id}.0\r\nAccept: */*\r\n${framing}\r\n${content}`;
  const last = `GET /last HTTP/1.1\r\nHost: shop.test\r\nX-Case: ${id}.last\r\nConnection: close\r\n\r\n`;
  return { id, bytes: Buffer.from(first + last, "latin1") };
}

function request(random: Random, name: string): string {
  // Each part is wrong with a chance that makes about one wrong part per request.
  const draw = (part: Part): string => pick(random, random.below(9) === 0 ? part.wrong : part.right);
  const body = random.below(3) === 0 ? hidden : "x".repeat(random.below(30));
  const framing = ["none", "length", "chunked"][random.below(3)] ?? "none";
  const start = `${draw(method)}${draw(space)}${draw(target)}${draw(space)}${draw(version)}${draw(lineEnd)}`;
  const fields = [draw(host), `X-Case: ${name}`];
  for (let more = random.below(3); more > 0; more--) fields.push(draw(otherField));
  if (framing === "length") fields.push(draw(lengthField));
  if (framing === "chunked") fields.push(draw(chunkedField));
  const size = String(Buffer.byteLength(body, "latin1"));
  const head = shuffled(random, fields)
    .filter((field) => field !== "")
    .map(
      (field) =>
        field.replaceAll("$long", "v".repeat(random.below(3000))).replaceAll("$n", size) + draw(lineEnd),
    )
    .join("");
  const content = framing === "none" ? "" : framing === "length" ? body : chunks(random, body, draw);
  return `${start}${head}${draw(lineEnd)}${content}`;
}

function chunks(random: Random, body: string, draw: (part: Part) => string): string {
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
