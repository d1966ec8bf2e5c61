import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answer, requests, type Told } from "./record.test.ts";

const get = "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\n\r\n";
const getTold = ["head", "GET", "/a?b=c", "shop.test", 1, ["Host", "shop.test"], 0, true];

test("a request is its method, target, host, fields and nothing else", () => {
  assert.deepEqual(requests(get), [getTold, ["end", []]]);
  const [head] = requests("POST / HTTP/1.0\r\nX-A:  b c\t \r\nContent-Length: 0\r\n\r\n");
  assert.deepEqual(head, ["head", "POST", "/", "", 0, ["X-A", "b c", "Content-Length", "0"], 0, false]);
});

test("requests on one connection follow each other, one empty line between them read past", () => {
  const post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const told = requests(`${post}\r\n${get}${post}`);
  assert.deepEqual(
    told.map(([what, method]) => (what === "head" ? method : what)),
    [...["POST", "body", "end", "GET", "end", "POST", "body", "end"]],
  );
});

test("an absolute-form target tells the host, and Host is made to say the same", () => {
  const told = (line: string, fields = "Host: old\r\n"): unknown[] =>
    (requests(`${line} HTTP/1.1\r\n${fields}\r\n`)[0] ?? []).slice(2, 6);
  assert.deepEqual(told("GET http://new:81/x?y"), ["/x?y", "new:81", 1, ["Host", "new:81"]]);
  assert.deepEqual(told("GET HTTPS://new?y"), ["/?y", "new", 1, ["Host", "new"]]);
  assert.deepEqual(told("GET http://new"), ["/", "new", 1, ["Host", "new"]]);
  assert.deepEqual(told("OPTIONS http://new"), ["*", "new", 1, ["Host", "new"]]);
  assert.deepEqual(told("OPTIONS *"), ["*", "old", 1, ["Host", "old"]]);
  assert.deepEqual(told("CONNECT far:443"), ["far:443", "far:443", 1, ["Host", "old"]]);
});

test("keeps a connection as HTTP/1.1 and HTTP/1.0 say", () => {
  const keeps = (version: string, connection: string): unknown =>
    requests(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`)[0]?.[7];
  assert.equal(keeps("1.1", ""), true);
  assert.equal(keeps("1.1", "Connection: x, Close\r\n"), false);
  assert.equal(keeps("1.1", "Connection: closed\r\n"), true);
  assert.equal(keeps("1.0", ""), false);
  assert.equal(keeps("1.0", "Connection: Keep-Alive\r\n"), true);
  assert.equal(keeps("1.0", "Connection: keep-alive, close\r\n"), false);
});

test("knows who waits to continue and who asks for another protocol", () => {
  const asks = (text: string): unknown => requests(text).find(([what]) => what === "asks");
  const head = "POST / HTTP/1.1\r\nHost: a\r\n";
  assert.deepEqual(asks(`${head}Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n`), [
    "asks",
    true,
    undefined,
  ]);
  assert.equal(asks(`${head}Expect: 100-continue\r\n\r\n`), undefined);
  assert.equal(asks(`POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n`), undefined);
  const change = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  assert.deepEqual(asks(`${head}${change}\r\n`), ["asks", false, "websocket"]);
  assert.equal(asks(`${head}Upgrade: websocket\r\n\r\n`), undefined);
  assert.equal(asks(`POST / HTTP/1.0\r\nHost: a\r\n${change}\r\n`), undefined);
});

test("chunks are joined, extensions dropped, trailers told", () => {
  const told = requests(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n" +
      '3;a="b;c"\r\nabc\r\n0A ;x\r\n0123456789\r\n000\r\nX-Sum: 1\r\nX-Other:\r\n\r\n',
  );
  assert.deepEqual(told.slice(1), [
    ["body", "abc0123456789"],
    ["end", ["X-Sum", "1", "X-Other", ""]],
  ]);
});

test("what is exactly as large as a limit is taken", () => {
  const limits = { maxHeadBytes: get.length, maxFields: 1, maxTargetBytes: 6 };
  assert.deepEqual(requests(get, [], limits), [getTold, ["end", []]]);
  assert.deepEqual(requests(get, [], { ...limits, maxHeadBytes: get.length - 1 }), [
    ["problem", "headTooLarge", 431],
  ]);
  assert.deepEqual(requests(get, [], { ...limits, maxTargetBytes: 5 }), [["problem", "targetTooLong", 414]]);
  assert.deepEqual(requests(get, [], { ...limits, maxFields: 0 }), [["problem", "tooManyFields", 431]]);
});

test("an answer ends where its status, method and fields say", () => {
  const ends = (text: string, method?: string): unknown => answer(text, method).slice(1);
  assert.deepEqual(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), [
    ["body", "ab"],
    ["end", []],
    ["complete"],
  ]);
  assert.deepEqual(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "HEAD"), [
    ["end", []],
    ["left"],
    ["complete"],
  ]);
  for (const status of [204, 304])
    assert.deepEqual(ends(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\n`), [["end", []], ["complete"]]);
  assert.deepEqual(ends("HTTP/1.1 200\r\n\r\nab"), [["body", "ab"], ["end", []], ["complete"]]);
  assert.deepEqual(ends("HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nab"), [["body", "ab"], ["incomplete"]]);
  assert.deepEqual(ends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), [
    ["body", "ab"],
    ["incomplete"],
  ]);
});

test("interim answers come before the one that counts", () => {
  const told = answer(
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
  );
  assert.deepEqual(told, [
    ["inform", 103, ["Link", "a"]],
    ["inform", 100, []],
    ["head", 204, 1, [], 0, true],
    ["end", []],
    ["complete"],
  ]);
});

const samples: readonly string[] = [
  `${get}POST http://b/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;q\r\nhello\r\n0\r\nX: 1\r\n\r\n${get}`,
  `\r\nPUT /u HTTP/1.1\r\nHost: a\r\nX-Long: ${"v".repeat(300)} \t\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\nhello worlds${get}`,
  `GET /${"a".repeat(300)} HTTP/1.1\r\n\r\n`,
  `GET / HTTP/1.1\r\nX: ${"b".repeat(5_000)}\r\n\r\n`,
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n\tX: a\r\n\r\n",
  "GET / HTTP/3.1\r\nHost: a\r\n\r\n",
];

test("every cut in two tells the same, of good requests and of bad ones", () => {
  for (const sample of samples) {
    const whole = requests(sample);
    for (let at = 1; at < sample.length; at++)
      assert.deepEqual(requests(sample, [at]), whole, `${JSON.stringify(sample.slice(0, 60))} cut at ${at}`);
  }
});

test("byte by byte tells the same, of requests and of answers", () => {
  const every = (text: string): number[] => Array.from({ length: text.length }, (_none, i) => i);
  for (const sample of samples) assert.deepEqual(requests(sample, every(sample)), requests(sample));
  for (const sample of [
    "HTTP/1.1 103 A B\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: 1\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\neverything until the end",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
  ])
    assert.deepEqual(answer(sample, "GET", every(sample)), answer(sample));
});

/** Bytes that are nearly HTTP: samples with some of their parts swapped, doubled or replaced. */
const nearly: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...samples, get),
    fc.array(
      fc.record({
        at: fc.nat(400),
        drop: fc.nat(4),
        put: fc.oneof(
          fc.constantFrom(
            "\r\n",
            "\n",
            "\r",
            "\0",
            ":",
            " ",
            "\t",
            ";",
            "0",
            "\r\n\r\n",
            "chunked",
            "Content-Length: 3\r\n",
          ),
          fc.string({ unit: "binary", maxLength: 3 }),
        ),
      }),
      { maxLength: 4 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((now, { at, drop, put }) => now.slice(0, at) + put + now.slice(at + drop), text),
  );

test("whatever comes is told the same wherever it is cut, and never throws", () => {
  fc.assert(
    fc.property(nearly, fc.array(fc.nat(800), { maxLength: 6 }), (text, cuts) => {
      const bytes = Buffer.from(text, "latin1");
      const whole: Told = requests(bytes);
      assert.deepEqual(requests(bytes, cuts), whole);
      assert.deepEqual(
        answer(bytes, "GET", cuts).filter(([what]) => what !== "left"),
        answer(bytes).filter(([what]) => what !== "left"),
      );
    }),
    { numRuns: 400 },
  );
});
