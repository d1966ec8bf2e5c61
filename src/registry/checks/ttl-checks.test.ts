import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Clock, manualClock } from "../../kernel/index.ts";
import { type TtlCheck, ttlChecks } from "./ttl-checks.ts";

/** One check by itself. */
function ttlCheck(ttlMs: number, clock: Clock, expire: () => void): TtlCheck {
  return ttlChecks(clock, expire).start("c", ttlMs);
}

test("it expires once after a silence, not before and not again", () => {
  const clock = manualClock();
  let expired = 0;
  using _check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(999);
  assert.equal(expired, 0);
  clock.advance(1);
  assert.equal(expired, 1);
  clock.advance(10_000);
  assert.equal(expired, 1);
});

test("a beat gives a whole TTL from then on", () => {
  const clock = manualClock();
  let expired = 0;
  using check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(900);
  check.beat();
  clock.advance(999);
  assert.equal(expired, 0);
  clock.advance(1);
  assert.equal(expired, 1);
});

test("a beat after the expiry starts the time again", () => {
  const clock = manualClock();
  let expired = 0;
  using check = ttlCheck(1_000, clock, () => void expired++);
  clock.advance(5_000);
  check.beat();
  clock.advance(1_000);
  assert.equal(expired, 2);
});

test("a thousand beats keep one timer", () => {
  const clock = manualClock();
  using check = ttlCheck(1_000, clock, () => undefined);
  for (let i = 0; i < 1_000; i++) check.beat();
  assert.equal(clock.pending, 1);
});

test("disposed, it leaves no timer and never expires", () => {
  const clock = manualClock();
  let expired = 0;
  ttlCheck(1_000, clock, () => void expired++)[Symbol.dispose]();
  assert.equal(clock.pending, 0);
  clock.advance(5_000);
  assert.equal(expired, 0);
});

test("it expires exactly after each gap of a TTL or more", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 30 }), (gaps) => {
      const clock = manualClock();
      let expired = 0;
      using check = ttlCheck(100, clock, () => void expired++);
      for (const gap of gaps) {
        clock.advance(gap);
        check.beat();
      }
      assert.equal(expired, gaps.filter((gap) => gap >= 100).length);
    }),
  );
});

test("many checks, started, beaten and ended in any order, expire when each by itself would", () => {
  const step = fc.record({
    what: fc.constantFrom("start", "beat", "grace", "end"),
    which: fc.integer({ min: 0, max: 9 }),
    afterMs: fc.integer({ min: 0, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const clock = manualClock();
      const expired: string[] = [];
      const expected: string[] = [];
      const ttlOf = (id: number): number => 40 + id * 7;
      using checks = ttlChecks(clock, (id) => void expired.push(`${id} at ${clock.now()}`));
      const running = new Map<number, { check: TtlCheck; deadline: number }>();
      const pass = (ms: number): void => {
        const due = [...running].filter(
          ([, { deadline }]) => deadline > clock.now() && deadline <= clock.now() + ms,
        );
        expected.push(...due.map(([id, { deadline }]) => `${id} at ${deadline}`));
        clock.advance(ms);
      };
      for (const { what, which, afterMs } of steps) {
        const entry = running.get(which);
        if (what === "start" && entry === undefined)
          running.set(which, {
            check: checks.start(`${which}`, ttlOf(which)),
            deadline: clock.now() + ttlOf(which),
          });
        if (what === "end") entry?.check[Symbol.dispose]();
        if (what === "end") running.delete(which);
        if ((what === "beat" || what === "grace") && entry !== undefined) {
          const atLeastMs = what === "grace" ? 150 : 0;
          entry.check.beat(atLeastMs);
          entry.deadline = clock.now() + Math.max(ttlOf(which), atLeastMs);
        }
        pass(afterMs);
      }
      pass(1_000);
      assert.deepEqual(expired.toSorted(), expected.toSorted());
      assert.equal(clock.pending, 0);
    }),
  );
});

test("ten thousand checks keep one timer", () => {
  const clock = manualClock();
  using checks = ttlChecks(clock, () => undefined);
  for (let i = 0; i < 10_000; i++) checks.start(`${i}`, 1_000 + (i % 7)).beat();
  assert.equal(clock.pending, 1);
});

test("after a pause of the process a check has its TTL again before it expires", () => {
  const inner = manualClock();
  let pausedMs = 0;
  const clock: Clock = { ...inner, now: () => inner.now() + pausedMs };
  const expired: string[] = [];
  using checks = ttlChecks(clock, (id) => void expired.push(`${id} at ${inner.now()}`));
  checks.start("short", 1_000);
  checks.start("long", 60_000);
  inner.advance(999);
  pausedMs = 120_000;
  inner.advance(1);
  assert.deepEqual(expired, []);
  inner.advance(999);
  assert.deepEqual(expired, []);
  inner.advance(1);
  assert.deepEqual(expired, ["short at 2000"]);
  inner.advance(8_999);
  assert.deepEqual(expired.length, 1);
  inner.advance(1);
  assert.deepEqual(expired, ["short at 2000", "long at 11000"]);
});

/** A clock whose process can be held up: time passes, and no timer fires. */
function heldUp() {
  const inner = manualClock();
  let pausedMs = 0;
  const clock: Clock = { ...inner, now: () => inner.now() + pausedMs };
  const pause = (ms: number): void => {
    pausedMs += ms;
  };
  return { clock, advance: (ms: number) => inner.advance(ms), pause };
}

test("a pause that ends soon after a check was due lets the beats be heard that lie in the sockets", () => {
  const { clock, advance, pause } = heldUp();
  let expired = 0;
  using check = ttlCheck(2_000, clock, () => void expired++);
  advance(1_900);
  pause(120);
  advance(100);
  assert.equal(expired, 0, "it was late by 120 ms");
  advance(3);
  check.beat();
  advance(1_999);
  assert.equal(expired, 0);
  advance(1);
  assert.equal(expired, 1);
});

test("what is due just after such a pause waits, too", () => {
  const { clock, advance, pause } = heldUp();
  const expired: string[] = [];
  using checks = ttlChecks(clock, (id) => void expired.push(id));
  checks.start("a", 2_000);
  checks.start("b", 2_130);
  advance(1_900);
  pause(120);
  advance(120);
  assert.deepEqual(expired, []);
  advance(1_000);
  assert.deepEqual(expired, ["a", "b"]);
});

test("in a process that is always late who is silent is missed all the same, a quarter of a second later", () => {
  const { clock, advance, pause } = heldUp();
  let expired = 0;
  using _check = ttlCheck(1_000, clock, () => void expired++);
  for (let turn = 0; turn < 14; turn++) {
    pause(10);
    advance(90);
  }
  assert.equal(expired, 1);
});
