import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AnswerDecoder } from "./answer-decoder.ts";
import { Framing } from "./framing.ts";
import { HeadMemory, type KnownFields, Misses } from "./head-memory.ts";
import { answer, requests } from "./record.test.ts";
import { RequestDecoder } from "./request-decoder.ts";

const limits = { maxHeadBytes: 8_192, maxFields: 20, maxTargetBytes: 256 };

/** Heads of requests without body, in one piece each: whether each was known, and its list of fields. */
function heads(...texts: readonly string[]) {
  const seen: { readonly repeated: boolean; readonly fields: readonly string[]; readonly target: string }[] =
    [];
  const decoder = new RequestDecoder(
    {
      onHead: ({ repeated, fields, target }) => seen.push({ repeated, fields, target }),
      onBody() {},
      onBodyEnd() {},
    },
    limits,
  );
  for (const text of texts) {
    const bytes = Buffer.from(text, "latin1");
    for (let at = 0; at < bytes.length && decoder.problem === undefined; ) at = decoder.decode(bytes, at);
  }
  return seen;
}

const get = (target: string, fields = "X-A: 1\r\n"): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

test("the same fields behind another target are the same list, from the third time on", () => {
  const [, second, third] = heads(get("/a"), get("/bb"), get("/ccc"));
  assert.equal(third?.repeated, true);
  assert.equal(third?.fields, second?.fields);
  assert.equal(third?.target, "/ccc");
  assert.deepEqual(third?.fields, ["Host", "a", "X-A", "1"]);
});

test("one other byte is another list", () => {
  const seen = heads(get("/"), get("/"), get("/"), get("/", "X-A: 2\r\n"), get("/", "X-A:  1\r\n"));
  assert.deepEqual(
    seen.map(({ fields }) => fields[3]),
    ["1", "1", "1", "2", "1"],
  );
  assert.notEqual(seen[3]?.fields, seen[2]?.fields);
});

test("fields that were made to agree with an absolute-form target are not taken for what the bytes say", () => {
  const seen = heads(
    get("http://b/"),
    get("http://b/"),
    get("http://c/"),
    get("/"),
    get("/"),
    get("http://b/"),
  );
  assert.deepEqual(
    seen.map(({ fields }) => fields[1]),
    ["b", "b", "c", "a", "a", "b"],
  );
  assert.equal(seen.at(-1)?.repeated, false);
});

test("fields that came in pieces, or are long, are not remembered", () => {
  const pieces = heads(...Array.from({ length: 4 }, () => [...get("/")]).flat());
  assert.deepEqual(new Set(pieces.map(({ repeated }) => repeated)), new Set([false]));
  const long = get("/", `X-A: ${"a".repeat(5_000)}\r\n`);
  assert.deepEqual(
    heads(long, long, long).map(({ repeated }) => repeated),
    [false, false, false],
  );
});

test("known fields count against the size of a head as others do", () => {
  const fields = `X-A: ${"a".repeat(3_000)}\r\n`;
  const decoder = (maxHeadBytes: number) =>
    new RequestDecoder({ onHead() {}, onBody() {}, onBodyEnd() {} }, { ...limits, maxHeadBytes });
  const one = decoder(3_100);
  const read = (text: string): string | undefined => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length && one.problem === undefined; ) at = one.decode(bytes, at);
    return one.problem?.clause;
  };
  for (let i = 0; i < 3; i++) assert.equal(read(get("/", fields)), undefined);
  assert.equal(read(get(`/${"a".repeat(200)}`, fields)), "headTooLarge");
});

test("connections beyond the places share them, and each is told what it said", () => {
  const memory = new HeadMemory<KnownFields>(2);
  const [a, b, c] = [memory.place(), memory.place(), memory.place()];
  assert.notEqual(a, b);
  assert.equal(a, c);
  const bytes = (value: string): Buffer => Buffer.from(`X: ${value}\r\n\r\n`);
  const learn = (place: number, value: string): boolean =>
    memory.learn(place, bytes(value), { from: 0, to: 8 }, { fields: ["X", value], framing: new Framing() });
  assert.equal(learn(a, "1"), true);
  assert.deepEqual(memory.find(a, bytes("1"), 0)?.meaning.fields, ["X", "1"]);
  assert.deepEqual(memory.lines(c), [{ text: "X: 1\r\n", name: "X", value: "1" }]);
  assert.equal(memory.find(c, bytes("2"), 0), undefined);
  assert.equal(memory.find(b, bytes("1"), 0), undefined);
  assert.deepEqual(memory.lines(b), []);
});

test("heads of which no two are alike are remembered ever more rarely", () => {
  const misses = new Misses();
  const remembered = (times: number): number =>
    Array.from({ length: times }, () => misses.miss()).filter(Boolean).length;
  assert.deepEqual([remembered(1), remembered(1), remembered(62), remembered(3_200)], [0, 1, 5, 100]);
  misses.hit();
  assert.equal(misses.miss(), true, "what came again so far has changed");
});

const line = fc.constantFrom(
  ...["X-A: 1", "X-A: 2", "Host: a", "Host: b", "Connection: close", "Connection: x", "Content-Length: 0"],
  ...[
    "Transfer-Encoding: chunked",
    "Content-Length: x",
    "Expect: 100-continue",
    "X-A : 1",
    "Upgrade: h",
    "X\u0001: 1",
  ],
);
const message = fc.record({
  first: fc.constantFrom(
    "GET / HTTP/1.1",
    "GET /b HTTP/1.1",
    "GET http://c/ HTTP/1.1",
    "GET / HTTP/1.0",
    "POST /",
  ),
  fields: fc.array(line, { maxLength: 3 }),
  times: fc.integer({ min: 1, max: 4 }),
});

test("a connection with a memory is told what one without would be told", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (messages) => {
      const texts = messages.flatMap(({ first, fields, times }) =>
        Array.from({ length: times }, () => `${first}\r\n${["Host: a", ...fields].join("\r\n")}\r\n\r\n`),
      );
      // Cut in the middle of every line, nothing is ever remembered.
      const text = texts.join("");
      const cuts = Array.from({ length: text.length - 1 }, (_none, at) => at + 1);
      assert.deepEqual(requests(text), requests(text, cuts));
    }),
    { numRuns: 300 },
  );
});

test("answers are known by their whole heads", () => {
  const seen: [number, boolean, readonly string[]][] = [];
  const decoder = new AnswerDecoder(
    {
      onInform() {},
      onHead: ({ status, repeated, fields }) => seen.push([status, repeated, fields]),
      onBody() {},
      onBodyEnd() {},
    },
    limits,
  );
  for (const status of [200, 200, 200, 404, 204, 204, 204, 200]) {
    decoder.expect("GET", false);
    const body = status === 204 ? "" : "x";
    decoder.decode(Buffer.from(`HTTP/1.1 ${status} S\r\nContent-Length: 1\r\nX-B: 2\r\n\r\n${body}`), 0);
    assert.equal(decoder.resting, true);
  }
  assert.deepEqual(
    seen.map(([status, repeated]) => [status, repeated]),
    [
      [200, false],
      [200, true],
      [200, true],
      // The first that differs is remembered at once, the next one only when it comes again.
      [404, true],
      [204, false],
      [204, true],
      [204, true],
      [200, true],
    ],
  );
  assert.equal(seen[2]?.[2], seen[1]?.[2]);
  assert.notEqual(seen[3]?.[2], seen[2]?.[2]);
  assert.equal(seen[6]?.[2], seen[5]?.[2]);
  assert.deepEqual(answer("HTTP/1.1 200 S\r\nContent-Length: 1\r\n\r\nx").at(-1), ["complete"]);
});
