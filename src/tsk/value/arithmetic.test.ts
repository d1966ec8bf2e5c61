import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../kernel/index.ts";
import type { Duration, Size } from "../syntax/tree.ts";
import { calculate, type Eager, negated } from "./arithmetic.ts";
import { type Data, toPlain } from "./data.ts";

const seconds = (count: number): Duration => ({ type: "duration", ms: count * 1000, text: `${count}s` });
const bytes = (count: number): Size => ({ type: "size", bytes: count, text: `${count}B` });
const result = (operator: Eager, left: Data, right: Data): unknown => {
  const outcome = calculate(operator, left, right);
  return "code" in outcome ? outcome.code : toPlain(outcome.data);
};

test("numbers calculate and compare as numbers do", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (a, b) => {
      assert.equal(result("+", a, b), a + b);
      assert.equal(result("-", a, b), a - b);
      assert.equal(result("*", a, b), a * b);
      assert.equal(result("/", a, b), a / b);
      assert.equal(result("%", a, b), a % b);
      assert.equal(result("<", a, b), a < b);
      assert.equal(result(">=", a, b), a >= b);
      assert.equal(result("==", a, b), a === b);
    }),
  );
});

test("of two values one is less, or they are equal", () => {
  const ordered = fc.oneof(
    fc.tuple(fc.integer(), fc.integer()),
    fc.tuple(fc.string(), fc.string()),
    fc.tuple(fc.nat(99).map(seconds), fc.nat(99).map(seconds)),
    fc.tuple(fc.nat(99).map(bytes), fc.nat(99).map(bytes)),
  );
  fc.assert(
    fc.property(ordered, ([a, b]) => {
      const truths = [result("<", a, b), result("==", a, b), result(">", a, b)];
      assert.deepEqual(truths.filter((truth) => truth === true).length, 1);
      assert.equal(result("<=", a, b), !truths[2]);
      assert.equal(result("!=", a, b), !truths[1]);
    }),
  );
});

test("durations and sizes add among themselves and scale by numbers", () => {
  assert.equal(result("+", seconds(30), seconds(60)), "1m30s");
  assert.equal(result("-", seconds(90), seconds(30)), "1m");
  assert.equal(result("*", 2, seconds(30)), "1m");
  assert.equal(result("/", seconds(60), 4), "15s");
  assert.equal(result("/", seconds(60), seconds(15)), 4);
  assert.equal(result("%", seconds(70), seconds(60)), "10s");
  assert.equal(result("+", bytes(1), bytes(2)), "3B");
  assert.equal(result("==", seconds(60), { type: "duration", ms: 60_000, text: "1m" }), true);
});

test("other mixes are type errors, never a guess", () => {
  const values: Data[] = [1, "1", true, seconds(1), bytes(1), { type: "range", min: 1, max: 2 }];
  for (const operator of ["+", "-", "<", "==", "%"] as const)
    for (const [i, left] of values.entries())
      for (const [j, right] of values.entries())
        if (i !== j) assert.equal(result(operator, left, right), "TSK_TYPE", `${i} ${operator} ${j}`);
});

test("null may be compared for equality with anything", () => {
  for (const other of [1, "", true, seconds(1), null])
    assert.equal(result("==", null, other), other === null);
});

test("lists and maps are equal when all in them is", () => {
  const item = (data: Data): { data: Data; places: [] } => ({ data, places: [] });
  const map = (...entries: [string, Data][]): Data => ({
    type: "map",
    weight: 1,
    entries: new Map(entries.map(([key, data]) => [key, item(data)])),
  });
  const list = (...items: Data[]): Data => ({ type: "list", weight: 1, items: items.map(item) });
  assert.equal(result("==", list(1, "a"), list(1, "a")), true);
  assert.equal(result("==", list(1), list(1, 2)), false);
  assert.equal(result("==", map(["a", 1], ["b", 2]), map(["b", 2], ["a", 1])), true);
  assert.equal(result("==", map(["a", 1]), map(["b", 1])), false);
});

test("no result is infinite, and no amount of time or bytes less than nothing", () => {
  assert.equal(result("/", 1, 0), "TSK_ARITHMETIC");
  assert.equal(result("%", 1, 0), "TSK_ARITHMETIC");
  assert.equal(result("*", 1e308, 10), "TSK_ARITHMETIC");
  assert.equal(result("-", seconds(1), seconds(2)), "TSK_ARITHMETIC");
  assert.deepEqual(negated(seconds(1)), {
    code: "TSK_ARITHMETIC",
    message: "a duration cannot be less than zero",
  });
  assert.deepEqual(negated(5), { data: -5 });
});

test("text joined with a secret is a secret; secrets are not compared", () => {
  const joined = calculate("+", "Bearer ", new Secret("sk"));
  assert.ok("data" in joined && joined.data instanceof Secret);
  assert.equal(joined.data.reveal(), "Bearer sk");
  assert.equal(result("==", new Secret("a"), "a"), "TSK_TYPE");
  assert.equal(result("==", new Secret("a"), null), "TSK_TYPE");
  assert.equal(result("<", new Secret("a"), "b"), "TSK_TYPE");
});
