import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { liveQuantile } from "./quantile.ts";

test("says nothing of fewer than twenty", () => {
  const one = liveQuantile(0.95, manualClock());
  for (let i = 0; i < 19; i++) one.observe(10);
  assert.equal(one.value(), undefined);
  one.observe(10);
  assert.ok(one.value());
});

test("is right to nine per cent, from a tenth of a millisecond to minutes", () => {
  const times = fc.array(fc.double({ min: 0.1, max: 600_000, noNaN: true }), {
    minLength: 20,
    maxLength: 300,
  });
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.9, 0.95, 0.99), (all, q) => {
      const one = liveQuantile(q, manualClock());
      for (const ms of all) one.observe(ms);
      const sorted = [...all].sort((a, b) => a - b);
      const exact = sorted[Math.ceil(q * all.length) - 1] ?? 0;
      const value = one.value() ?? 0;
      assert.ok(value >= exact * 0.999 && value <= exact * 1.0906, `${value} for ${exact}`);
    }),
  );
});

test("is worked out anew every three seconds", () => {
  const clock = manualClock();
  const one = liveQuantile(0.5, clock);
  for (let i = 0; i < 20; i++) one.observe(10);
  const before = one.value();
  for (let i = 0; i < 100; i++) one.observe(1_000);
  assert.equal(one.value(), before);
  clock.advance(3_000);
  assert.ok((one.value() ?? 0) >= 1_000);
});

test("forgets what is older than two windows", () => {
  const clock = manualClock();
  const one = liveQuantile(0.95, clock, 1_000);
  for (let i = 0; i < 100; i++) one.observe(5_000);
  clock.advance(2_500);
  for (let i = 0; i < 50; i++) one.observe(10);
  clock.advance(3_000);
  assert.ok((one.value() ?? 0) < 12, `${one.value()}`);
});
