import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../kernel/index.ts";
import { waits } from "./waits.ts";

const never = new AbortController().signal;
const ended = async (promise: Promise<void> | undefined): Promise<boolean> => {
  assert.ok(promise);
  const yes = promise.then(() => true);
  return Promise.race([yes, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
};

test("a change wakes who waits for its topic and nobody else", async () => {
  const sleeping = waits(manualClock(), 10);
  const a = sleeping.on("a", 1_000, never);
  const b = sleeping.on("b", 1_000, never);
  sleeping.wake(["a", "c"]);
  assert.equal(await ended(a), true);
  assert.equal(await ended(b), false);
  assert.equal(sleeping.waiting, 1);
});

test("a wait ends when its time is over", async () => {
  const clock = manualClock();
  const sleeping = waits(clock, 10);
  const a = sleeping.on("a", 1_000, never);
  clock.advance(999);
  assert.equal(await ended(a), false);
  clock.advance(1);
  assert.equal(await ended(a), true);
  assert.equal(sleeping.waiting, 0);
});

test("a client that goes away leaves nothing behind", async () => {
  const clock = manualClock();
  const sleeping = waits(clock, 10);
  const leaving = new AbortController();
  const a = sleeping.on("a", 1_000, leaving.signal);
  leaving.abort();
  assert.equal(await ended(a), true);
  assert.deepEqual([sleeping.waiting, clock.pending], [0, 0]);
});

test("a client that is gone already does not wait", async () => {
  const sleeping = waits(manualClock(), 10);
  assert.equal(await ended(sleeping.on("a", 1_000, AbortSignal.abort())), true);
});

test("too many are turned away and counted; a free place is given again", async () => {
  const sleeping = waits(manualClock(), 2);
  const a = sleeping.on("a", 1_000, never);
  sleeping.on("b", 1_000, never);
  assert.equal(sleeping.on("c", 1_000, never), undefined);
  assert.equal(sleeping.refused, 1);
  sleeping.wake(["a"]);
  await a;
  assert.notEqual(sleeping.on("c", 1_000, never), undefined);
});

test("release wakes everybody, now and from now on", async () => {
  const clock = manualClock();
  const sleeping = waits(clock, 10);
  const all = ["a", "a", "b"].map((topic) => sleeping.on(topic, 1_000, never));
  sleeping.release();
  for (const one of all) assert.equal(await ended(one), true);
  assert.equal(await ended(sleeping.on("a", 1_000, never)), true);
  assert.deepEqual([sleeping.waiting, clock.pending], [0, 0]);
});

test("who waits again while being woken waits for the next change", async () => {
  const sleeping = waits(manualClock(), 10);
  let again: Promise<void> | undefined;
  const first = sleeping.on("a", 1_000, never)?.then(() => {
    again = sleeping.on("a", 1_000, never);
  });
  sleeping.wake(["a"]);
  await first;
  assert.equal(await ended(again), false);
  assert.equal(sleeping.waiting, 1);
});
