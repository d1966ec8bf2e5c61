import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rollingCounts } from "./rolling-counts.ts";

test("counts what happened within the window, each counter by itself", () => {
  const counts = rollingCounts(1_000);
  counts.add(0, 100);
  counts.add(0, 150);
  counts.add(1, 150);
  assert.equal(counts.sum(0, 200), 2);
  assert.equal(counts.sum(1, 200), 1);
});

test("forgets bucket by bucket as time passes", () => {
  const counts = rollingCounts(1_000);
  counts.add(0, 50);
  counts.add(0, 950);
  assert.equal(counts.sum(0, 999), 2);
  assert.equal(counts.sum(0, 1_050), 1);
  assert.equal(counts.sum(0, 1_950), 0);
});

test("a long pause empties it", () => {
  const counts = rollingCounts(1_000);
  for (let now = 0; now < 1_000; now += 10) counts.add(1, now);
  assert.equal(counts.sum(1, 1_000_000), 0);
  counts.add(1, 1_000_001);
  assert.equal(counts.sum(1, 1_000_001), 1);
});

test("reset forgets everything at once", () => {
  const counts = rollingCounts(1_000);
  counts.add(0, 10);
  counts.reset();
  assert.equal(counts.sum(0, 10), 0);
});

test("is never off by more than one bucket against a list of times", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), (steps) => {
      const counts = rollingCounts(1_000);
      const times: number[] = [];
      let now = 0;
      for (const step of steps) {
        now += step;
        counts.add(0, now);
        times.push(now);
        const within = (ms: number): number => times.filter((at) => at > now - ms).length;
        const sum = counts.sum(0, now);
        assert.ok(sum >= within(900) && sum <= within(1_000), `${sum} at ${now}`);
      }
    }),
  );
});
