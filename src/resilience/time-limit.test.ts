import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../kernel/index.ts";
import { timeLimit } from "./time-limit.ts";

const reason = (): Error => new Error("too late");

test("fires when the time is up, with the reason given", () => {
  const clock = manualClock();
  const limit = timeLimit(clock, { ms: 100, reason });
  clock.advance(99);
  assert.equal(limit.signal.aborted, false);
  clock.advance(1);
  assert.equal(limit.signal.aborted, true);
  assert.equal(limit.expired, true);
  assert.equal((limit.signal.reason as Error).message, "too late");
});

test("fires with a parent and keeps the parent's reason", () => {
  const clock = manualClock();
  const parent = new AbortController();
  const limit = timeLimit(clock, { ms: 100, parents: [undefined, parent.signal], reason });
  parent.abort("gone");
  assert.equal(limit.signal.reason, "gone");
  assert.equal(limit.expired, false);
  assert.equal(clock.pending, 0);
});

test("fires at once under a parent that fired before", () => {
  const limit = timeLimit(manualClock(), { ms: 100, parents: [AbortSignal.abort("gone")], reason });
  assert.equal(limit.signal.aborted, true);
  assert.equal(limit.signal.reason, "gone");
});

test("once lifted, only parents end it", () => {
  const clock = manualClock();
  const parent = new AbortController();
  const limit = timeLimit(clock, { ms: 100, parents: [parent.signal], reason });
  limit.lift();
  clock.advance(1_000);
  assert.equal(limit.signal.aborted, false);
  parent.abort("gone");
  assert.equal(limit.signal.aborted, true);
});

test("sets no timer and no listener until its signal is asked for, and then for the time that is left", () => {
  const clock = manualClock();
  const parent = new AbortController();
  const limit = timeLimit(clock, { ms: 100, parents: [parent.signal], reason });
  assert.deepEqual([limit.aborted, clock.pending], [false, 0]);
  assert.equal(getEventListeners(parent.signal, "abort").length, 0);
  clock.advance(60);
  assert.equal(limit.signal.aborted, false);
  clock.advance(40);
  assert.deepEqual([limit.aborted, limit.expired], [true, true]);
});

test("a parent that fired counts, asked for or not", () => {
  const parent = new AbortController();
  const limit = timeLimit(manualClock(), { ms: 100, parents: [parent.signal], reason });
  parent.abort("gone");
  assert.equal(limit.aborted, true);
  assert.equal(limit.signal.reason, "gone");
});

test("leaves no listener and no timer behind when disposed", () => {
  const clock = manualClock();
  const parent = new AbortController();
  for (let i = 0; i < 100; i++) {
    using limit = timeLimit(clock, { ms: 100, parents: [parent.signal], reason });
    assert.equal(limit.signal.aborted, false);
  }
  assert.equal(getEventListeners(parent.signal, "abort").length, 0);
  assert.equal(clock.pending, 0);
});

test("without a time it only follows its parents", () => {
  const clock = manualClock();
  const limit = timeLimit(clock, { reason });
  assert.equal(clock.pending, 0);
  assert.equal(limit.signal.aborted, false);
});

test("whichever comes first ends it, once, with its own reason, and nothing is left behind", () => {
  const ms = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
  fc.assert(
    fc.property(
      ms,
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
      ms,
      (own, parents, lifted) => {
        const clock = manualClock();
        const controllers = parents.map(() => new AbortController());
        const limit = timeLimit(clock, {
          ms: own,
          parents: controllers.map(({ signal }) => signal),
          reason: () => "time",
        });
        let fired = 0;
        limit.signal.addEventListener("abort", () => fired++);
        for (const [i, atMs] of parents.entries())
          clock.after(atMs, () => controllers[i]?.abort(`parent ${atMs}`));
        if (lifted !== undefined) clock.after(lifted, () => limit.lift());
        clock.advance(60);
        const counts = own !== undefined && (lifted === undefined || own <= lifted);
        const first = Math.min(...parents, counts ? own : Number.POSITIVE_INFINITY);
        assert.equal(fired, first === Number.POSITIVE_INFINITY ? 0 : 1);
        if (fired === 1 && !parents.includes(first)) assert.equal(limit.signal.reason, "time");
        if (fired === 1 && first !== own) assert.equal(limit.signal.reason, `parent ${first}`);
        limit[Symbol.dispose]();
        assert.equal(clock.pending, 0);
      },
    ),
  );
});
