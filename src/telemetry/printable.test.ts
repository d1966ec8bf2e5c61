import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret, TuskerError } from "../kernel/index.ts";
import { printable } from "./printable.ts";

test("secrets print as [secret], by type and by name, at any depth", () => {
  const fields = {
    key: new Secret("v1"),
    password: "v2",
    headers: { Authorization: "v3", cookie: "v4", "set-cookie": "v5", accept: "*/*" },
    config: { stripe_api_key: "v6", nested: [{ client_secret: "v7", access_token: "v8" }] },
    tokens: 12,
  };
  const text = JSON.stringify(printable(fields));
  for (let i = 1; i <= 8; i++) assert.ok(!text.includes(`v${i}`), `v${i} in ${text}`);
  assert.match(text, /"accept":"\*\/\*"/);
  assert.match(text, /"tokens":12/);
});

test("errors print as type, code, message and cause, without stack", () => {
  const error = new TuskerError("NET_RESET", "gone", { cause: new TypeError("below") });
  assert.deepEqual(printable({ error }), {
    error: {
      type: "TuskerError",
      code: "NET_RESET",
      message: "gone",
      cause: { type: "TypeError", message: "below" },
    },
  });
});

test("values JSON cannot write print as text", () => {
  const fields = {
    big: 10n,
    nan: Number.NaN,
    fn: () => 1,
    symbol: Symbol("s"),
    date: new Date(0),
    bad: new Date(Number.NaN),
    bytes: new Uint8Array(3),
    map: new Map([["a", 1]]),
    set: new Set([1, 2]),
    nothing: null,
    absent: undefined,
  };
  assert.deepEqual(printable(fields), {
    big: "10",
    nan: "NaN",
    fn: "[function]",
    symbol: "Symbol(s)",
    date: "1970-01-01T00:00:00.000Z",
    bad: "[no date]",
    bytes: "[3 bytes]",
    map: { a: 1 },
    set: [1, 2],
    nothing: null,
    absent: undefined,
  });
});

test("circles, depth, length and getters that throw are cut, not followed", () => {
  const circle: Record<string, unknown> = { name: "c" };
  circle.self = circle;
  assert.deepEqual(printable({ circle }), { circle: { name: "c", self: "[circle]" } });
  let deep: unknown = "bottom";
  for (let i = 0; i < 20; i++) deep = { deep };
  assert.match(JSON.stringify(printable({ deep })), /\[deep\]/);
  assert.ok(String(printable({ text: "x".repeat(100_000) }).text).length < 9000);
  assert.equal((printable({ list: new Array(1000).fill(1) }).list as unknown[]).length, 64);
  const trap = Object.defineProperty({}, "boom", {
    enumerable: true,
    get() {
      throw new Error("no");
    },
  });
  assert.deepEqual(printable({ trap }), { trap: { boom: "[unreadable]" } });
});

test("the same value twice is no circle", () => {
  const shared = { a: 1 };
  assert.deepEqual(printable({ one: shared, two: shared }), { one: { a: 1 }, two: { a: 1 } });
});

test("whatever comes in, JSON comes out", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string(),
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      ),
      (fields) => {
        JSON.parse(JSON.stringify(printable(fields)));
      },
    ),
  );
});
