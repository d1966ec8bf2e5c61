import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Recent } from "./recent.ts";

test("what was used lately stays, what was not goes, and there are never more than the most", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat(30)), { maxLength: 200 }),
      (max, steps) => {
        const recent = new Recent<number>(max);
        /** Keys in the order of their last use. */
        const used: number[] = [];
        for (const [write, key] of steps) {
          if (write) recent.set(`k${key}`, key);
          const found = recent.get(`k${key}`);
          assert.ok(found === undefined || found === key);
          if (write) assert.equal(found, key);
          if (found !== undefined) {
            if (used.includes(key)) used.splice(used.indexOf(key), 1);
            used.unshift(key);
          }
          assert.ok(recent.size <= max);
          for (const late of used.slice(0, Math.floor(max / 2)))
            assert.equal(new Set([recent.get(`k${late}`), late]).size, 1, `${late} was used lately`);
        }
      },
    ),
  );
});

test("what is deleted is gone, whenever it was used", () => {
  const recent = new Recent<number>(4);
  for (let i = 0; i < 4; i++) recent.set(`k${i}`, i);
  for (let i = 0; i < 4; i++) recent.delete(`k${i}`);
  assert.equal(recent.size, 0);
  assert.equal(recent.get("k0"), undefined);
});
