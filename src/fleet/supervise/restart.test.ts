import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { restartPolicy } from "./restart.ts";

test("waits twice as long after each exit in a row, up to the longest, with jitter between half and all of it", () => {
  const policy = restartPolicy(manualClock(), seededRandom(1), { firstMs: 100, maxMs: 1_000 });
  for (const ceiling of [100, 200, 400, 800, 1_000, 1_000]) {
    const { delayMs } = policy.exited(0);
    assert.ok(delayMs >= ceiling / 2 && delayMs <= ceiling, `${delayMs} for ${ceiling}`);
  }
});

test("two fleets that crash together do not restart together", () => {
  const delays = [1, 2, 3, 4].map(
    (seed) => restartPolicy(manualClock(), seededRandom(seed)).exited(0).delayMs,
  );
  assert.equal(new Set(delays).size, 4);
});

test("a process that was stable starts the count anew", () => {
  const policy = restartPolicy(manualClock(), seededRandom(1), { firstMs: 100, stableMs: 10_000 });
  for (let i = 0; i < 4; i++) policy.exited(0);
  assert.ok(policy.exited(10_000).delayMs <= 100);
});

test("calls five exits in a row a crash loop, and says in what time", () => {
  const clock = manualClock();
  const policy = restartPolicy(clock, seededRandom(1));
  for (let i = 0; i < 4; i++) {
    assert.equal(policy.exited(0).loop, undefined);
    clock.advance(1_000);
  }
  assert.deepEqual(policy.exited(0).loop, { exits: 5, withinMs: 4_000 });
  assert.equal(policy.exited(0).loop?.exits, 6);
});
