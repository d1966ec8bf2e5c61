import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Random, seededRandom, systemRandom } from "./index.ts";

const take = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next());

test("the same seed gives the same sequence, another seed another", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      assert.deepEqual(take(seededRandom(seed), 8), take(seededRandom(seed), 8));
      assert.notDeepEqual(take(seededRandom(seed), 8), take(seededRandom(seed + 1), 8));
    }),
  );
});

test("values stay within their bounds", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
      for (const random of [seededRandom(seed), systemRandom]) {
        const value = random.next();
        assert.ok(value >= 0 && value < 1);
        const whole = random.below(below);
        assert.ok(Number.isInteger(whole) && whole >= 0 && whole < below);
      }
    }),
  );
});

test("a seeded sequence is even: ten buckets differ by less than a tenth", () => {
  const random = seededRandom(7);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 20_000; i++) buckets[random.below(10)]!++;
  for (const filled of buckets) assert.ok(Math.abs(filled - 2000) < 200, String(buckets));
});
