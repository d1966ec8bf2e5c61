/** Every clause of `clauses.ts` with the attack it stops: what must be refused, and what must not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answer, requests } from "./record.test.ts";

const get = (fields: string, line = "GET / HTTP/1.1"): string => `${line}\r\nHost: a\r\n${fields}\r\n`;
const chunks = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

interface Refusal {
  readonly clause: string;
  readonly status?: number;
  readonly why: string;
  readonly messages: readonly string[];
}

const refusals: readonly Refusal[] = [
  {
    clause: "bareLineFeed",
    why: "a line that ends with LF alone",
    messages: [
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      get("X: 1\nTransfer-Encoding: chunked\r\n"),
      "GET\n/ HTTP/1.1\r\n\r\n",
      "GET /\n HTTP/1.1\r\n\r\n",
      get("X\n: 1\r\n"),
      chunks("1\nx\r\n0\r\n\r\n"),
      chunks("1;a=b\nx\r\n0\r\n\r\n"),
    ],
  },
  {
    clause: "bareCarriageReturn",
    why: "a CR inside a line",
    messages: [
      get("X: 1\rY: 2\r\n"),
      "GET / HTTP/1.1\rX\r\nHost: a\r\n\r\n",
      "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      get("\rX"),
      chunks("1\rx"),
    ],
  },
  {
    clause: "controlCharacter",
    why: "NUL and other controls in a value",
    messages: ["\0", "\x01", "\x7f", "\x0b", "\x1b[2J"].map((code) => get(`X: a${code}b\r\n`)),
  },
  {
    clause: "obsoleteFold",
    why: "a line that begins with white space",
    messages: [
      get("X: 1\r\n 2\r\n"),
      get("X: 1\r\n\tContent-Length: 5\r\n"),
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    ],
  },
  {
    clause: "spaceBeforeColon",
    why: "white space before a colon",
    messages: [
      get("Content-Length : 5\r\n"),
      get("Transfer-Encoding\t: chunked\r\n"),
      get("Bad Name: 1\r\n"),
    ],
  },
  {
    clause: "nameIsToken",
    why: "a name that is no token",
    messages: ["X(", "X\x80", "X\0", 'X"', "X/"].map((name) => get(`${name}: 1\r\n`)),
  },
  { clause: "nameIsNotEmpty", why: "a field without name", messages: [get(": 1\r\n"), get(":\r\n")] },
  {
    clause: "requestLineParts",
    why: "more than one space, or none",
    messages: ["GET  / HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n"],
  },
  {
    clause: "methodIsToken",
    why: "a method that is no token",
    messages: [
      "G@T / HTTP/1.1\r\n\r\n",
      "GET\t/ HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\x00",
      "\r\n\r\nGET / HTTP/1.1\r\n",
    ],
  },
  {
    clause: "methodTooLong",
    status: 501,
    why: "a method longer than any",
    messages: [`${"A".repeat(33)} / HTTP/1.1\r\n\r\n`],
  },
  {
    clause: "targetCharacters",
    why: "raw bytes and fragments in a target",
    messages: ["/\x80", "/#x", "/\t", "/\0"].map((target) => get("", `GET ${target} HTTP/1.1`)),
  },
  {
    clause: "versionForm",
    why: "no version, as in HTTP/0.9, or one of another form",
    messages: [
      "GET /\r\n",
      "GET / HTTP/1\r\n\r\n",
      "GET / http/1.1\r\n\r\n",
      "GET / HTTP/1.1 \r\n",
      "GET / HTTP/11.1\r\n",
      "GET / a HTTP/1.1\r\n",
      "SSH-2.0-x y z\r\n",
    ],
  },
  {
    clause: "versionKnown",
    status: 505,
    why: "another version",
    messages: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.2\r\n\r\n", "GET / HTTP/0.9\r\n\r\n"],
  },
  {
    clause: "targetTooLong",
    status: 414,
    why: "a target without bound",
    messages: [`GET /${"a".repeat(256)} HTTP/1.1\r\n\r\n`, `GET /${"a".repeat(9_000)}`],
  },
  {
    clause: "headTooLarge",
    status: 431,
    why: "a head without bound",
    messages: [get(`X: ${"a".repeat(5_000)}\r\n`), `GET / HTTP/1.1\r\nX: ${"a".repeat(5_000)}`],
  },
  {
    clause: "tooManyFields",
    status: 431,
    why: "fields without end",
    messages: [get("X: 1\r\n".repeat(20))],
  },
  {
    clause: "targetForm",
    why: "a form of target that does not fit its method",
    messages: [
      "GET *",
      "GET a:1",
      "CONNECT /",
      "CONNECT http://a/",
      "OPTIONS a",
      "GET ftp://a/",
      "GET http:///x",
    ].map((line) => get("", `${line} HTTP/1.1`)),
  },
  {
    clause: "oneHost",
    why: "no Host, or two",
    messages: [
      "GET / HTTP/1.1\r\n\r\n",
      get("Host: b\r\n"),
      get("host: a\r\n"),
      "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
    ],
  },
  {
    clause: "authorityForm",
    why: "a host that is read in more than one way",
    messages: ["", "a b", "a/b", "u@a", "a\\b", "a?b"]
      .map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      .concat("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
  },
  {
    clause: "lengthBesideCoding",
    why: "Content-Length beside Transfer-Encoding",
    messages: [
      get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      get("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"),
      get("transfer-ENCODING: x\r\ncontent-LENGTH: 5\r\n"),
    ],
  },
  {
    clause: "codingNeedsHttp11",
    why: "chunks in HTTP/1.0",
    messages: [get("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0")],
  },
  {
    clause: "onlyChunked",
    why: "a coding that hides chunked, or is not chunked at the end",
    messages: [
      "xchunked",
      "identity",
      "chunked, chunked",
      "chunked, identity",
      "chunked;q=1",
      '"chunked"',
      "",
      ",chunked",
      "gzip",
      "identity, chunked",
    ]
      .map((value) => get(`Transfer-Encoding: ${value}\r\n`))
      .concat(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"))
      .concat(get("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")),
  },
  {
    clause: "onlyChunked",
    status: 501,
    why: "a coding that exists and is not spoken here",
    messages: ["gzip, chunked", "deflate,x-gzip , chunked"].map((value) =>
      get(`Transfer-Encoding: ${value}\r\n`),
    ),
  },
  {
    clause: "lengthForm",
    why: "a length that is not one number",
    messages: ["+5", "-0", "5,5", "5 5", "0x5", "5.0", "", "9".repeat(16), "5;"]
      .map((value) => get(`Content-Length: ${value}\r\n`))
      .concat(get("Content-Length: 5\r\nContent-Length: 5\r\n")),
  },
  {
    clause: "expectationKnown",
    status: 417,
    why: "an expectation nobody knows",
    messages: [get("Content-Length: 1\r\nExpect: 200-ok\r\n")],
  },
  {
    clause: "chunkSize",
    why: "a chunk size that is not plain hexadecimal",
    messages: ["+1", "-1", "0x1", "g", " 1", "", "1 ", "1 x", "1\t"].map((size) =>
      chunks(`${size}\r\nx\r\n0\r\n\r\n`),
    ),
  },
  {
    clause: "chunkSizeTooLong",
    why: "a chunk size that overflows",
    messages: [chunks("FFFFFFFFFFFFFFFF1\r\n"), chunks("0000000000001\r\nx\r\n")],
  },
  {
    clause: "chunkExtensionsTooLong",
    status: 413,
    why: "extensions without end",
    messages: [chunks(`1;${"a".repeat(5_000)}`), chunks("1;aaaaaaaaaaaaaaa\r\nx\r\n".repeat(300))],
  },
  {
    clause: "chunkEnd",
    why: "a chunk that is longer or shorter than it said",
    messages: [
      chunks("1\r\nxy\r\n0\r\n\r\n"),
      chunks("2\r\nx\r\n0\r\n\r\n"),
      chunks("1\r\nx\n0\r\n\r\n"),
      chunks("1\r\nx\rZ"),
    ],
  },
  {
    clause: "trailerAllowed",
    why: "a field in the trailers that decides before the body",
    messages: ["Content-Length: 5", "Host: b", "authorization: x", "Transfer-Encoding: chunked"].map(
      (field) => chunks(`0\r\n${field}\r\n\r\n`),
    ),
  },
];

for (const { clause, status = 400, why, messages } of refusals)
  test(`${clause} (${status}): ${why}`, () => {
    for (const message of messages)
      assert.deepEqual(
        requests(message).at(-1),
        ["problem", clause, status],
        JSON.stringify(message.slice(0, 200)),
      );
  });

test("statusForm: an answer whose first line is not one", () => {
  for (const line of [
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 600 X",
    "HTTP/1.1 099 X",
    "HTTP/1.1  200",
    "HTTP/1.1\t200",
  ])
    assert.deepEqual(answer(`${line}\r\n\r\n`), [["problem", "statusForm"]], line);
});

test("answers keep to the same clauses of framing", () => {
  const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
  for (const [fields, clause] of [
    ["Content-Length: 5\r\nTransfer-Encoding: chunked", "lengthBesideCoding"],
    ["Content-Length: 5\r\nContent-Length: 6", "lengthForm"],
    ["Transfer-Encoding: gzip, chunked", "onlyChunked"],
    ["X: 1\r\n 2", "obsoleteFold"],
    ["X : 1", "spaceBeforeColon"],
    ["X: a\nY: b", "bareLineFeed"],
  ] as const)
    for (const status of ["200 OK", "103 Early Hints", "204 No Content", "101 Switching Protocols"])
      assert.deepEqual(
        answer(head(fields).replace("200 OK", status), "UPGRADE"),
        [["problem", clause]],
        fields,
      );
});

test("unasked101 and interimFlood: no tunnel that nobody asked for, no interim answers without end", () => {
  const change = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
  assert.deepEqual(answer(change), [["problem", "unasked101"]]);
  assert.equal(answer(change, "UPGRADE")[0]?.[1], 101);
  assert.deepEqual(answer("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17)).at(-1), ["problem", "interimFlood"]);
});

test("every clause has its test", () => {
  const source = readFileSync(new URL("./clauses.ts", import.meta.url), "utf8");
  const tested = new Set(refusals.map(({ clause }) => clause).concat("statusForm"));
  const all = [...source.matchAll(/^export function (\w+)/gm)].map((match) => match[1]);
  assert.deepEqual(
    all.filter((name) => name !== undefined && !tested.has(name)),
    [],
  );
});
