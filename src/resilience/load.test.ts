import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../kernel/index.ts";
import { peakEwma } from "./load.ts";

test("an endpoint without history is free until it has a request, then costs the seed for each", () => {
  const load = peakEwma({}, manualClock());
  assert.equal(load.cost(), 0);
  load.begin();
  assert.equal(load.cost(), 60);
  load.begin();
  assert.equal(load.cost(), 90);
});

test("a first answer counts at most the seed, because it paid for connecting", () => {
  const load = peakEwma({}, manualClock());
  load.observe(400);
  assert.equal(load.cost(), 30);
});

test("a first failure counts in full", () => {
  const load = peakEwma({}, manualClock());
  load.observe(5_000);
  assert.equal(load.cost(), 5_000);
});

test("a slower answer counts at once and in full", () => {
  const load = peakEwma({}, manualClock());
  load.observe(10);
  load.observe(700);
  assert.equal(load.cost(), 700);
});

test("faster answers bring the cost down over the decay time", () => {
  const clock = manualClock();
  const load = peakEwma({}, clock);
  load.observe(10);
  load.observe(1_000);
  clock.advance(10_000);
  load.observe(10);
  const expected = 1_000 * Math.exp(-1) + 10 * (1 - Math.exp(-1));
  assert.ok(Math.abs(load.cost() - expected) < 1e-9);
});

test("cost falls while nobody asks, so that a slow endpoint is tried again", () => {
  const clock = manualClock();
  const load = peakEwma({}, clock);
  load.observe(10);
  load.observe(5_000);
  clock.advance(60_000);
  assert.ok(load.cost() < 15, `${load.cost()}`);
});

test("an endpoint that stopped answering is known by its silence, and one that answers is not", () => {
  const clock = manualClock();
  const load = peakEwma({}, clock);
  const answered = (rttMs: number): void => {
    load.heard();
    load.observe(rttMs);
  };
  load.begin();
  answered(5);
  load.end();
  clock.advance(60_000);
  load.begin();
  clock.advance(700);
  assert.equal(load.cost(), 1_400, "awaited for 700 ms, and one more behind it");
  answered(700);
  clock.advance(9_000);
  assert.ok(load.cost() < 1_400, "its answer has begun: what follows is no silence");
  load.begin();
  load.begin();
  clock.advance(400);
  answered(400);
  clock.advance(100);
  assert.ok(load.cost() < 4 * 400, "others are answered meanwhile");
});

test("a request that was given up took at least as long as nothing came", () => {
  const clock = manualClock();
  const load = peakEwma({}, clock);
  load.observe(5);
  const givenUp = (afterMs: number): void => {
    load.begin();
    clock.advance(afterMs);
    load.end();
    load.abandon();
  };
  givenUp(1_000);
  assert.equal(load.cost(), 1_000);
  givenUp(0);
  assert.equal(load.cost(), 1_000, "one that was not waited for says nothing");
});

test("running requests multiply the cost and ended ones do not", () => {
  const load = peakEwma({}, manualClock());
  load.observe(20);
  load.begin();
  load.begin();
  assert.equal(load.inFlight, 2);
  assert.equal(load.cost(), 60);
  load.end();
  load.end();
  assert.equal(load.cost(), 20);
});

test("reset forgets what was observed, not what runs", () => {
  const load = peakEwma({}, manualClock());
  load.begin();
  load.observe(5_000);
  load.reset();
  assert.equal(load.cost(), 60);
  load.observe(12);
  assert.equal(load.cost(), 24);
});

test("cost is always finite, never negative and never above the slowest answer", () => {
  const step = fc.record({ wait: fc.nat(60_000), rtt: fc.nat(10_000) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const clock = manualClock();
      const load = peakEwma({}, clock);
      let slowest = 0;
      for (const { wait, rtt } of steps) {
        clock.advance(wait);
        load.observe(rtt);
        slowest = Math.max(slowest, rtt);
        assert.ok(load.cost() >= 0 && load.cost() <= slowest + 1e-9);
      }
    }),
  );
});
