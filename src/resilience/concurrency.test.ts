import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concurrencyLimit } from "./concurrency.ts";

test("lets in as many as fit and one more for each that leaves", () => {
  const limit = concurrencyLimit(2);
  assert.deepEqual([limit.tryEnter(), limit.tryEnter(), limit.tryEnter()], [true, true, false]);
  assert.equal(limit.inFlight, 2);
  limit.leave();
  assert.equal(limit.tryEnter(), true);
  assert.equal(limit.tryEnter(), false);
});

test("a smaller limit lets those inside finish", () => {
  const limit = concurrencyLimit(3);
  for (let i = 0; i < 3; i++) limit.tryEnter();
  limit.resize(1);
  limit.leave();
  assert.equal(limit.tryEnter(), false);
  limit.leave();
  limit.leave();
  assert.equal(limit.tryEnter(), true);
});

test("never more inside than the limit lets in, whoever enters, leaves or changes it", () => {
  const step = fc.oneof(
    fc.constant("enter" as const),
    fc.constant("leave" as const),
    fc.integer({ min: 1, max: 6 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const limit = concurrencyLimit(3);
      let max = 3;
      let inside = 0;
      for (const one of steps) {
        if (typeof one === "number") {
          max = one;
          limit.resize(one);
        } else if (one === "leave") {
          if (inside > 0) {
            limit.leave();
            inside--;
          }
        } else {
          assert.equal(limit.tryEnter(), inside < max);
          if (inside < max) inside++;
        }
        assert.equal(limit.inFlight, inside);
      }
    }),
  );
});
