import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../kernel/index.ts";
import { backoff } from "./backoff.ts";

const most = { next: () => 1, below: () => 0 };

test("the upper end doubles from 25 ms and stops at ten times that", () => {
  const wait = backoff({}, most);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(wait), [25, 50, 100, 200, 250, 250]);
});

test("takes its base from the file's retry_delay", () => {
  const wait = backoff({ baseMs: 1_000 }, most);
  assert.deepEqual([1, 2, 5].map(wait), [1_000, 2_000, 10_000]);
});

test("a cap of its own holds", () => {
  assert.equal(backoff({ baseMs: 100, capMs: 150 }, most)(9), 150);
});

test("is spread over the whole interval and never negative or above the cap", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 2_000 }), (seed, attempt) => {
      const ms = backoff({}, seededRandom(seed))(attempt);
      return ms >= 0 && ms <= 250;
    }),
  );
  const wait = backoff({}, seededRandom(1));
  const waits = Array.from({ length: 200 }, () => wait(4));
  assert.ok(waits.some((ms) => ms < 40) && waits.some((ms) => ms > 160));
});
