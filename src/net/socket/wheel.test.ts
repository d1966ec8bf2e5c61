import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { Deadline, TimerWheel, timerWheel } from "./wheel.ts";

test("a deadline is told once, at its time and not before", () => {
  const clock = manualClock();
  const wheel = new TimerWheel(clock);
  let runs = 0;
  wheel.set(new Deadline(() => runs++), 5_000);
  clock.advance(4_999);
  assert.equal(runs, 0);
  clock.advance(1);
  assert.equal(runs, 1);
  clock.advance(60_000);
  assert.equal(runs, 1);
  assert.equal(clock.pending, 0);
});

test("what is moved, cleared or removed is not told at its old time", () => {
  const clock = manualClock();
  const wheel = new TimerWheel(clock);
  const told: string[] = [];
  const [later, sooner, cleared, removed] = ["later", "sooner", "cleared", "removed"].map(
    (name) => new Deadline(() => told.push(name)),
  );
  assert.ok(later && sooner && cleared && removed);
  for (const one of [later, sooner, cleared, removed]) wheel.set(one, 1_000);
  wheel.set(later, 90_000);
  wheel.set(sooner, 500);
  wheel.clear(cleared);
  wheel.remove(removed);
  clock.advance(500);
  assert.deepEqual(told, ["sooner"]);
  clock.advance(89_499);
  assert.deepEqual(told, ["sooner"]);
  clock.advance(1);
  assert.deepEqual(told, ["sooner", "later"]);
});

test("one timer serves all, and rests when nothing is due", () => {
  const clock = manualClock();
  const wheel = timerWheel(clock);
  assert.equal(timerWheel(clock), wheel);
  const deadlines = Array.from({ length: 1_000 }, () => new Deadline(() => {}));
  for (const [i, one] of deadlines.entries()) wheel.set(one, i * 100);
  assert.deepEqual([clock.pending, wheel.pending], [1, 1_000]);
  for (const one of deadlines) wheel.remove(one);
  assert.deepEqual([clock.pending, wheel.pending], [0, 0]);
});

test("a deadline that sets itself anew, or removes another that is due, keeps the wheel right", () => {
  const clock = manualClock();
  const wheel = new TimerWheel(clock);
  let ticks = 0;
  const again: Deadline = new Deadline(() => {
    ticks++;
    wheel.remove(other);
    if (ticks < 3) wheel.set(again, 100);
  });
  const other = new Deadline(() => assert.fail("it was removed"));
  wheel.set(again, 100);
  wheel.set(other, 100);
  clock.advance(1_000);
  assert.deepEqual([ticks, clock.pending], [3, 0]);
});

test("whatever is set and moved is told never early and at most a tick late", () => {
  const step = fc.record({ who: fc.nat(4), delay: fc.nat(120_000), pass: fc.nat(70_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clock = manualClock();
      const wheel = new TimerWheel(clock);
      const due = new Map<number, number>();
      const deadlines = Array.from(
        { length: 5 },
        (_none, who) =>
          new Deadline(() => {
            const at = due.get(who);
            assert.ok(
              at !== undefined && clock.now() >= at && clock.now() <= at + 100,
              `${at} at ${clock.now()}`,
            );
            due.delete(who);
          }),
      );
      for (const { who, delay, pass } of steps) {
        const one = deadlines[who];
        if (one === undefined) continue;
        wheel.set(one, delay);
        due.set(who, clock.now() + delay);
        clock.advance(pass);
      }
      clock.advance(200_000);
      assert.equal(due.size, 0);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 200 },
  );
});
