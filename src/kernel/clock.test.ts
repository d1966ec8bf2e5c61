import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aborted, manualClock, systemClock, TuskerError } from "./index.ts";

test("time stands still until it is advanced", () => {
  const clock = manualClock(1000);
  assert.deepEqual([clock.now(), clock.wall()], [0, 1000]);
  clock.advance(250);
  assert.deepEqual([clock.now(), clock.wall()], [250, 1250]);
});

test("a timer fires when its time has come, once", () => {
  const clock = manualClock();
  let fired = 0;
  clock.after(100, () => fired++);
  clock.advance(99);
  assert.equal(fired, 0);
  clock.advance(1);
  clock.advance(500);
  assert.equal(fired, 1);
  assert.equal(clock.pending, 0);
});

test("a cancelled timer never fires", () => {
  const clock = manualClock();
  const timer = clock.after(100, () => assert.fail("fired"));
  timer.cancel();
  timer.cancel();
  {
    using _ended = clock.after(100, () => assert.fail("fired"));
  }
  clock.advance(1000);
  assert.equal(clock.pending, 0);
});

test("timers fire in order of time, and of setting when the time is the same", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { maxLength: 30 }),
      fc.array(fc.nat(10), { maxLength: 10 }),
      (delays, steps) => {
        const clock = manualClock();
        const fired: [due: number, set: number][] = [];
        delays.forEach((delay, set) => {
          clock.after(delay, () => {
            assert.equal(clock.now(), delay);
            fired.push([delay, set]);
          });
        });
        for (const step of [...steps, 20]) clock.advance(step);
        const wanted = delays.map((delay, set): [number, number] => [delay, set]);
        wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        assert.deepEqual(fired, wanted);
      },
    ),
  );
});

test("a timer set by a timer fires in the same advance when it falls due in it", () => {
  const clock = manualClock();
  const fired: number[] = [];
  const again = (): void => {
    fired.push(clock.now());
    if (fired.length < 4) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  assert.deepEqual(fired, [10, 20, 30]);
  clock.advance(5);
  assert.deepEqual(fired, [10, 20, 30, 40]);
});

test("any number of timers, some cancelled, fire in the order of their times", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ delay: fc.nat(50), cancel: fc.boolean() })), (wanted) => {
      const clock = manualClock();
      const fired: number[] = [];
      const timers = wanted.map(({ delay }, i) => clock.after(delay, () => fired.push(i)));
      for (const [i, { cancel }] of wanted.entries()) if (cancel) timers[i]?.cancel();
      const kept = [...wanted.entries()].filter(([, { cancel }]) => !cancel);
      assert.equal(clock.pending, kept.length);
      for (let at = 0; at <= 50; at += 10) clock.advance(10);
      const order = kept.sort(([i, a], [j, b]) => a.delay - b.delay || i - j).map(([i]) => i);
      assert.deepEqual(fired, order);
      assert.equal(clock.pending, 0);
    }),
  );
});

test("a delay below zero is none", () => {
  const clock = manualClock();
  let fired = false;
  clock.after(-5, () => {
    fired = true;
  });
  clock.advance(0);
  assert.equal(fired, true);
});

test("sleep ends with the time", async () => {
  const clock = manualClock();
  const slept = clock.sleep(50);
  clock.advance(50);
  await slept;
  assert.equal(clock.pending, 0);
});

test("sleep ends with the signal, and takes its timer along", async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const slept = clock.sleep(50, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(slept, { code: "KERNEL_ABORTED" });
  assert.equal(clock.pending, 0);
});

test("sleep under a signal that has fired does not begin", async () => {
  const clock = manualClock();
  await assert.rejects(clock.sleep(50, AbortSignal.abort()), { code: "KERNEL_ABORTED" });
  assert.equal(clock.pending, 0);
});

test("a finished sleep hears its signal no more", async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const slept = clock.sleep(1, controller.signal);
  clock.advance(1);
  await slept;
  controller.abort();
});

test("aborted keeps a reason of ours as it is, and any other as cause", () => {
  const ours = new TuskerError("RESILIENCE_DEADLINE", "too late");
  assert.equal(aborted(AbortSignal.abort(ours)), ours);
  const other = new Error("gone");
  assert.equal(aborted(AbortSignal.abort(other)).cause, other);
  assert.equal(aborted(AbortSignal.abort(other)).code, "KERNEL_ABORTED");
});

test("the real clock runs forward, sleeps and cancels", async () => {
  const [before, wallBefore] = [systemClock.now(), systemClock.wall()];
  const timer = systemClock.after(1, () => assert.fail("fired"));
  timer.cancel();
  await systemClock.sleep(5);
  assert.ok(systemClock.now() - before >= 4);
  assert.ok(systemClock.wall() >= wallBefore);
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort()), { code: "KERNEL_ABORTED" });
});

test("a wait longer than 31 bits of milliseconds does not fire at once", async () => {
  using _timer = systemClock.after(2 ** 40, () => assert.fail("fired"), { background: true });
  await systemClock.sleep(3);
});
