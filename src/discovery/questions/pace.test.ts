import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, TuskerError } from "../../kernel/index.ts";
import { pace } from "./pace.ts";

const never = new AbortController().signal;
const passed = async (promise: Promise<void>): Promise<boolean> => {
  const yes = promise.then(() => true);
  return Promise.race([yes, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
};

test("two questions may go out at once, the third waits its turn", async () => {
  const clock = manualClock();
  const questions = pace(50, clock);
  await questions.next(never);
  await questions.next(never);
  const third = questions.next(never);
  assert.equal(await passed(third), false);
  clock.advance(50);
  assert.equal(await passed(third), true);
});

test("a quiet time fills the bucket, to two and no more", async () => {
  const clock = manualClock();
  const questions = pace(50, clock);
  clock.advance(10_000);
  await questions.next(never);
  await questions.next(never);
  assert.equal(await passed(questions.next(never)), false);
  clock.advance(50);
});

test("many questions go out at one per interval", async () => {
  const clock = manualClock();
  const questions = pace(50, clock);
  let asked = 0;
  const asking = (async () => {
    for (; asked < 10; asked++) await questions.next(never);
  })();
  for (let step = 0; step < 4; step++) {
    clock.advance(50);
    await passed(asking);
  }
  assert.equal(asked, 6);
  for (let step = 0; step < 10; step++) {
    clock.advance(50);
    await passed(asking);
  }
  await asking;
});

test("waiting for its turn ends with the signal", async () => {
  const clock = manualClock();
  const questions = pace(50, clock);
  const ending = new AbortController();
  await questions.next(never);
  await questions.next(never);
  const third = questions.next(ending.signal);
  ending.abort();
  await assert.rejects(third, (error) => error instanceof TuskerError && error.code === "KERNEL_ABORTED");
  assert.equal(clock.pending, 0);
});
