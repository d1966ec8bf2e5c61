import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, manualClock } from "../kernel/index.ts";
import { epochOf } from "./epoch.ts";

/** A clock whose wall is cut to whole milliseconds, as real ones are. */
function cutClock(wallMs: number): { clock: Clock; advance(ms: number): void; step(ms: number): void } {
  const inner = manualClock(wallMs);
  let shift = 0;
  return {
    clock: { ...inner, now: () => inner.now(), wall: () => Math.floor(inner.wall() + shift) },
    advance: (ms) => inner.advance(ms),
    step: (ms) => {
      shift += ms;
    },
  };
}

test("readings settle on the true time although the wall clock is cut to milliseconds", () => {
  const { clock, advance } = cutClock(1_000_000.75);
  const epoch = epochOf(clock);
  const first = epoch.toUs(clock.now());
  assert.equal(first, 1_000_000_000);
  for (let i = 0; i < 40; i++) {
    advance(0.1);
    epoch.toUs(clock.now());
  }
  const now = epoch.toUs(clock.now());
  const truth = (1_000_000.75 + clock.now()) * 1000;
  assert.ok(Math.abs(now - truth) <= 100, `${now} against ${truth}`);
});

test("readings of one process never run backwards while the wall clock is steady", () => {
  const { clock, advance } = cutClock(5000.3);
  const epoch = epochOf(clock);
  let last = 0;
  for (let i = 0; i < 2000; i++) {
    advance(0.37);
    const us = epoch.toUs(clock.now());
    assert.ok(us > last);
    last = us;
  }
});

test("a stepped wall clock is followed at the next anchor", () => {
  const { clock, advance, step } = cutClock(1_000_000);
  const epoch = epochOf(clock);
  epoch.toUs(clock.now());
  step(-5000);
  advance(40_000);
  assert.equal(epoch.toUs(clock.now()), (1_000_000 - 5000 + 40_000) * 1000);
});
