import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { gradient } from "./gradient.ts";

/** Runs windows of 100 ms in which every answer takes `rttMs(limit)` and all of the limit is used. */
function run(windows: number, rttMs: (limit: number) => number, settings = {}): number {
  const clock = manualClock();
  const one = gradient(settings, clock);
  for (let i = 0; i < windows * 10; i++) {
    clock.advance(10);
    one.observe(rttMs(one.limit), one.limit);
  }
  return one.limit;
}

test("grows while answers stay as fast as ever", () => {
  assert.equal(
    run(2_000, () => 20),
    1_000,
  );
});

test("settles near what a service can do at once: more than that queues", () => {
  const capacity = 60;
  const limit = run(3_000, (now) => 20 * Math.max(1, now / capacity));
  assert.ok(limit >= capacity && limit <= capacity * 2, `${limit}`);
});

test("does not drift upward under an overload that lasts ten minutes", () => {
  const rtt = (now: number): number => 20 * Math.max(1, now / 60);
  const early = run(600, rtt);
  const late = run(6_000, rtt);
  assert.ok(late <= early * 1.5, `${early} then ${late}`);
});

test("does not grow on what is not used", () => {
  const clock = manualClock();
  const one = gradient({ initialLimit: 100 }, clock);
  for (let i = 0; i < 5_000; i++) {
    clock.advance(10);
    one.observe(20, 10);
  }
  assert.equal(one.limit, 100);
});

test("shrinks when requests are dropped, also when nothing else comes back", () => {
  const clock = manualClock();
  const one = gradient({ initialLimit: 500 }, clock);
  for (let i = 0; i < 100; i++) {
    clock.advance(100);
    one.dropped();
  }
  assert.equal(one.limit, 20);
});

test("finds back up when the service is well again", () => {
  const clock = manualClock();
  const one = gradient({}, clock);
  let slow = false;
  const play = (windows: number): void => {
    for (let i = 0; i < windows * 10; i++) {
      clock.advance(10);
      one.observe(slow ? 400 : 20, one.limit);
    }
  };
  play(500);
  const before = one.limit;
  slow = true;
  play(100);
  const during = one.limit;
  slow = false;
  play(1_000);
  assert.ok(during < before / 3, `${before} then ${during}`);
  assert.ok(one.limit >= before, `${one.limit}`);
});

test("stays within its bounds whatever it is told", () => {
  const told = fc.array(fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(5_000), fc.nat(400)));
  fc.assert(
    fc.property(told, (all) => {
      const clock = manualClock();
      const one = gradient({ minLimit: 5, maxLimit: 50 }, clock);
      for (const [rttMs, inFlight, wait] of all) {
        clock.advance(wait);
        if (wait % 7 === 0) one.dropped();
        else one.observe(rttMs, inFlight);
        assert.ok(one.limit >= 5 && one.limit <= 50);
      }
    }),
  );
});

test("answers too fast for the clock are no reason to lose count", () => {
  assert.equal(
    run(2_000, () => 0),
    1_000,
  );
});
