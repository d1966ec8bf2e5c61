import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../kernel/index.ts";
import { type Breaker, type BreakerSettings, type BreakerState, breaker, type Permit } from "./breaker.ts";

const noChance = { next: () => 0, below: () => 0 };

function made(settings: BreakerSettings = {}) {
  const clock = manualClock();
  const changes: BreakerState[] = [];
  const one = breaker(settings, { clock, random: noChance, onChange: (state) => changes.push(state) });
  return { clock, changes, one };
}

function permitOf(one: Breaker): Permit {
  const admission = one.tryAcquire();
  assert.ok(admission.admitted);
  return admission.permit;
}

function fail(one: Breaker, times: number): void {
  for (let i = 0; i < times; i++) permitOf(one).failure();
}

test("opens at the fifth failure in a row, not before", () => {
  const { one } = made();
  fail(one, 4);
  assert.equal(one.state, "closed");
  fail(one, 1);
  assert.equal(one.state, "open");
  assert.deepEqual(one.tryAcquire(), { admitted: false, untilMs: 1_000 });
});

test("a success breaks the row", () => {
  const { one } = made();
  for (let round = 0; round < 2; round++) {
    fail(one, 4);
    permitOf(one).success();
  }
  assert.equal(one.state, "closed");
});

test("opens below 80 % success once ten outcomes are in the window", () => {
  const { one } = made({ failures: 100 });
  for (let i = 0; i < 7; i++) permitOf(one).success();
  fail(one, 2);
  assert.equal(one.state, "closed", "nine outcomes are too few");
  fail(one, 1);
  assert.equal(one.state, "open");
});

test("outcomes that left the window do not count", () => {
  const { one, clock } = made({ failures: 100 });
  for (let i = 0; i < 7; i++) permitOf(one).success();
  fail(one, 2);
  clock.advance(11_000);
  fail(one, 1);
  assert.equal(one.state, "closed");
});

test("half-opens after the pause and admits exactly one probe", () => {
  const { one, clock, changes } = made();
  fail(one, 5);
  clock.advance(999);
  assert.equal(one.tryAcquire().admitted, false);
  clock.advance(1);
  assert.equal(one.state, "half-open");
  assert.equal(one.admits(), true);
  const probe = permitOf(one);
  assert.equal(probe.probe, true);
  assert.equal(one.admits(), false);
  for (let i = 0; i < 10; i++) assert.equal(one.tryAcquire().admitted, false);
  probe.success();
  assert.equal(one.state, "closed");
  assert.deepEqual(changes, ["open", "half-open", "closed"]);
});

test("a failed probe doubles the pause up to the longest one", () => {
  const { one, clock } = made({ maxPauseMs: 5_000 });
  fail(one, 5);
  const pauses: number[] = [];
  for (let round = 0; round < 5; round++) {
    pauses.push(one.untilMs - clock.now());
    clock.advance(one.untilMs - clock.now());
    permitOf(one).failure();
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 5_000, 5_000]);
});

test("a good probe brings the pause back to its first length", () => {
  const { one, clock } = made();
  fail(one, 5);
  clock.advance(1_000);
  permitOf(one).failure();
  clock.advance(2_000);
  permitOf(one).success();
  fail(one, 5);
  assert.equal(one.untilMs - clock.now(), 1_000);
});

test("a probe that says nothing leaves room for the next one", () => {
  const { one, clock } = made();
  fail(one, 5);
  clock.advance(1_000);
  permitOf(one).ignore();
  assert.equal(one.state, "half-open");
  const next = permitOf(one);
  assert.equal(next.probe, true);
  next.success();
  assert.equal(one.state, "closed");
});

test("outcomes of requests admitted before it opened change nothing", () => {
  const { one, clock } = made();
  const early = [permitOf(one), permitOf(one), permitOf(one)];
  fail(one, 5);
  const { untilMs } = one;
  early[0]?.success();
  early[1]?.failure();
  assert.equal(one.state, "open");
  assert.equal(one.untilMs, untilMs);
  clock.advance(1_000);
  permitOf(one);
  early[2]?.success();
  assert.equal(one.state, "half-open", "only the probe may close it");
});

test("a permit counts once, whatever is said about it later", () => {
  const { one } = made({ failures: 2 });
  const permit = permitOf(one);
  permit.failure();
  permit.failure();
  permit.ignore();
  assert.equal(one.state, "closed");
});

test("an eager caller waits the first pause only", () => {
  const { one, clock } = made();
  fail(one, 5);
  clock.advance(1_000);
  permitOf(one).failure();
  clock.advance(1_000);
  assert.equal(one.admits(), false);
  assert.equal(one.admits("eager"), true);
  const admission = one.tryAcquire("eager");
  assert.ok(admission.admitted && admission.permit.probe);
  assert.equal(one.tryAcquire("eager").admitted, false);
});

test("jitter takes off at most half of a pause", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const clock = manualClock();
      const one = breaker({}, { clock, random: seededRandom(seed) });
      fail(one, 5);
      return one.untilMs > 500 - 1e-9 && one.untilMs <= 1_000;
    }),
  );
});

test("under any schedule a half-open breaker has at most one request in flight", () => {
  const step = fc.oneof(
    fc.constant("ask" as const),
    fc.record({ settle: fc.nat(20), how: fc.constantFrom("success", "failure", "ignore") }),
    fc.record({ advance: fc.nat(3_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { one, clock } = made({ failures: 2, maxPauseMs: 4_000 });
      const held: Permit[] = [];
      for (const now of steps) {
        if (now === "ask") {
          const closed = one.state === "closed";
          const admission = one.tryAcquire();
          if (!admission.admitted) continue;
          assert.equal(admission.permit.probe, !closed);
          if (admission.permit.probe) assert.equal(one.admits(), false);
          held.push(admission.permit);
        } else if ("advance" in now) clock.advance(now.advance);
        else held.splice(now.settle, 1)[0]?.[now.how as "success" | "failure" | "ignore"]();
      }
      // It never locks up: after the longest pause, with nothing in flight, somebody is admitted.
      for (const permit of held) permit.ignore();
      clock.advance(4_000);
      assert.equal(one.admits(), true);
    }),
  );
});
