import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
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
