import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { bestCoding, compression } from "./compress.ts";
import { fault } from "./fault.ts";
import { placeOfKey, split } from "./split.ts";
import { transform } from "./transform.ts";
import { inOrder, keyOf, type Visit } from "./visit.ts";

function visit(more: Partial<Visit> = {}): Visit {
  return {
    method: "GET",
    path: "/a",
    query: "?q=1",
    host: "h.test",
    client: "192.0.2.1",
    signal: new AbortController().signal,
    header: (name) => (name === "x-user" ? "ada" : undefined),
    consumer: "acme",
    lasting: undefined,
    answerFields: [],
    ...more,
  };
}

test("shares are as written, and who was in a canary stays in while it grows", () => {
  const random = seededRandom(1);
  const keyed = (weight: number) =>
    split(
      [
        ["stable", 100 - weight],
        ["canary", weight],
      ] as const,
      "header:x-user",
      placeOfKey,
      random,
    );
  const [five, twenty] = [keyed(5), keyed(20)];
  let canary = 0;
  for (let i = 0; i < 4_000; i++) {
    const one = visit({ header: () => `user ${i}` });
    if (five(one) === "canary") assert.equal(twenty(one), "canary");
    if (twenty(one) === "canary") canary++;
  }
  assert.ok(Math.abs(canary / 4_000 - 0.2) < 0.02, `${canary}`);
});

test("without a key, and for who lacks it, chance decides by weight; a weight of 0 gets nothing", () => {
  const parts = [
    ["a", 3],
    ["never", 0],
    ["b", 1],
  ] as const;
  const one = split(parts, "cookie:missing", placeOfKey, seededRandom(2));
  const seen = Array.from({ length: 4_000 }, () => one(visit()));
  assert.ok(Math.abs(seen.filter((name) => name === "a").length / 4_000 - 0.75) < 0.03);
  assert.ok(!seen.includes("never"));
  assert.throws(() => split([["a", 0]], undefined, placeOfKey, seededRandom(1)), RangeError);
});

test("keys are read from where they are said to be", () => {
  const sources = ["client", "consumer", "path", "header:x-user", "query:q", "cookie:c"];
  assert.deepEqual(
    sources.map((source) => keyOf(source, visit())),
    ["192.0.2.1", "acme", "/a", "ada", "1", undefined],
  );
});

test("removes, sets, then adds, and never touches what frames the message", () => {
  const one = transform({
    remove: ["a", "Content-Length"],
    set: { B: "2" },
    add: { C: "3", "Transfer-Encoding": "x" },
  });
  assert.deepEqual(one(["A", "1", "b", "1", "Content-Length", "5", "C", "1"]), [
    "Content-Length",
    "5",
    "C",
    "1",
    "B",
    "2",
    "C",
    "3",
  ]);
});

test("the coding is one the client takes, the one it likes best", () => {
  assert.deepEqual(
    ["gzip", "gzip, br", "br;q=0.1, gzip", "*", "identity", "gzip;q=0", "zstd;q=0, *", undefined, "GZIP"].map(
      bestCoding,
    ),
    ["gzip", "br", "gzip", "zstd", undefined, undefined, "br", undefined, "gzip"],
  );
  assert.deepEqual(
    [
      "x-gzip",
      "x-gzip;q=0, *;q=0",
      "gzip;q=0.5, identity",
      "gzip;q=0.5, identity;q=0.5",
      "gzip, *;q=0.1",
    ].map(bestCoding),
    ["gzip", undefined, undefined, "gzip", "gzip"],
  );
});

test("only whole answers of a compressible kind are compressed", () => {
  const text = ["Content-Type", "text/html"];
  const codings = (status: number, fields: readonly string[]): string | undefined => {
    const packed = compression("gzip", status, fields);
    return "through" in packed ? packed.coding : undefined;
  };
  assert.equal(codings(200, text), "gzip");
  assert.equal(codings(200, ["Content-Type", "application/vnd.api+json; charset=utf-8"]), "gzip");
  for (const fields of [
    ["Content-Type", "text/event-stream"],
    ["Content-Type", "image/png"],
    [...text, "Content-Encoding", "br"],
    [...text, "Content-Length", "100"],
    [...text, "Cache-Control", "public, no-transform"],
    [...text, "Cache-Control", "public", "cache-control", "No-Transform"],
    [],
  ])
    assert.equal(codings(200, fields), undefined, fields.join(" "));
  for (const status of [204, 206, 304]) assert.equal(codings(status, text), undefined);
});

test("a compressed body is the body, in whatever pieces it came", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 20 }), async (pieces) => {
      const packed = compression("gzip", 200, ["Content-Type", "text/plain"]);
      assert.ok("through" in packed);
      const out: Uint8Array[] = [];
      for await (const chunk of packed.through(streamOf(pieces))) out.push(chunk);
      assert.deepEqual(gunzipSync(Buffer.concat(out)), Buffer.concat(pieces));
    }),
    { numRuns: 20 },
  );
});

test("a reader that leaves ends the source, and a source that breaks tells its reader", async () => {
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.from(Math.PI.toString().repeat(10_000));
    } finally {
      ended = true;
    }
  }
  const packed = compression("gzip", 200, ["Content-Type", "text/plain"]);
  assert.ok("through" in packed);
  for await (const chunk of packed.through(endless())) if (chunk.length > 0) break;
  while (!ended) await new Promise(setImmediate);
  async function* broken() {
    yield Buffer.from("some");
    throw new Error("the service broke off");
  }
  await assert.rejects(async () => {
    for await (const chunk of packed.through(broken())) assert.ok(chunk.length >= 0);
  }, /broke off/);
});

test("a fault touches the share that is written", async () => {
  const kinds: string[] = [];
  const one = fault(
    { abort: 500, abort_share: 0.25, delay_share: 1 },
    { clock: manualClock(), random: seededRandom(3), timeoutMs: 1_000, onFault: (kind) => kinds.push(kind) },
  );
  for (let i = 0; i < 1_000; i++) await one(visit());
  assert.ok(Math.abs(kinds.length - 250) < 50, `${kinds.length}`);
});

test("guards are asked in turn until one has something to say", async () => {
  const asked: string[] = [];
  const guard = (name: string, says?: number) => () => {
    asked.push(name);
    return says === undefined ? undefined : { kind: "answer" as const, answer: { status: says } };
  };
  const late = async () => undefined;
  assert.equal(inOrder([]), undefined);
  const verdict = await inOrder([guard("a"), late, guard("b", 204), guard("c")])?.(visit());
  assert.deepEqual(verdict, { kind: "answer", answer: { status: 204 } });
  assert.deepEqual(asked, ["a", "b"]);
});

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
