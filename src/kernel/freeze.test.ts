import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze, Secret } from "./index.ts";

function allFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(allFrozen);
}

test("plain data is frozen all the way down and otherwise unchanged", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = structuredClone(value);
      assert.ok(allFrozen(deepFreeze<unknown>(value)));
      assert.deepEqual(value, copy);
    }),
  );
});

test("it gives back the very value", () => {
  const value = { a: [1] };
  assert.equal(deepFreeze(value), value);
});

test("class instances are left as they are", () => {
  const secret = new Secret("x");
  const map = new Map([["a", 1]]);
  const frozen = deepFreeze({ secret, map });
  assert.equal(frozen.secret, secret);
  assert.equal(Object.isFrozen(map), false);
});

test("a circle does not hang it", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  assert.ok(Object.isFrozen(deepFreeze(circle)));
});
