import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { ttlCheck } from "./ttl-check.ts";

test("it expires once after a silence, not before and not again", () => {
  const clock = manualClock();
  let expired = 0;
  using _check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(999);
  assert.equal(expired, 0);
  clock.advance(1);
  assert.equal(expired, 1);
  clock.advance(10_000);
  assert.equal(expired, 1);
});

test("a beat gives a whole TTL from then on", () => {
  const clock = manualClock();
  let expired = 0;
  using check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(900);
  check.beat();
  clock.advance(999);
  assert.equal(expired, 0);
  clock.advance(1);
  assert.equal(expired, 1);
});

test("a beat after the expiry starts the time again", () => {
  const clock = manualClock();
  let expired = 0;
  using check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(5_000);
  check.beat();
  clock.advance(1_000);
  assert.equal(expired, 2);
});

test("a thousand beats keep one timer", () => {
  const clock = manualClock();
  using check = ttlCheck(1_000, clock, () => undefined);
  for (let i = 0; i < 1_000; i++) check.beat();
  assert.equal(clock.pending, 1);
});

test("disposed, it leaves no timer and never expires", () => {
  const clock = manualClock();
  let expired = 0;
  ttlCheck(1_000, clock, () => void expired++)[Symbol.dispose]();
  assert.equal(clock.pending, 0);
  clock.advance(5_000);
  assert.equal(expired, 0);
});

test("it expires exactly after each gap of a TTL or more", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 30 }), (gaps) => {
      const clock = manualClock();
      let expired = 0;
      using check = ttlCheck(100, clock, () => void expired++);
      for (const gap of gaps) {
        clock.advance(gap);
        check.beat();
      }
      assert.equal(expired, gaps.filter((gap) => gap >= 100).length);
    }),
  );
});
