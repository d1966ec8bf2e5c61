import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { retryBudget } from "../retry/retry-budget.ts";
import { forgetThread } from "./concurrency.ts";
import { sharedMemory } from "./memory.ts";
import { sharedRetryBudget } from "./retry-budget.ts";

const memoryOf = (threads = 2) => sharedMemory({ threads, keys: 8, seed: 7 });

test("a shared budget decides as the plain one, whatever thread asks", () => {
  const step = fc.tuple(fc.nat(1), fc.boolean(), fc.nat(1_500));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const clock = manualClock();
      const settings = { ratio: 0.5, minPerSecond: 0.3 };
      const memory = memoryOf();
      const shared = [0, 1].map((thread) =>
        sharedRetryBudget(memory, { name: "a", thread }, settings, clock),
      );
      const plain = retryBudget(settings, clock);
      for (const [thread, isRetry, waitMs] of steps) {
        clock.advance(waitMs);
        if (isRetry) assert.equal(shared[thread]?.tryWithdraw(), plain.tryWithdraw());
        else for (const budget of [shared[thread], plain]) budget?.deposit();
      }
    }),
  );
});

test("traffic that moves from thread to thread earns no more retries than it would in one", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const [one, two] = [0, 1].map((thread) => sharedRetryBudget(memory, { name: "a", thread }, {}, clock));
  let retries = 0;
  // An outage of ten seconds at 300 a second, half of it in either thread.
  for (let second = 0; second < 10; second++)
    for (let i = 0; i < 300; i++) {
      const budget = second < 5 ? one : two;
      budget?.deposit();
      if (budget?.tryWithdraw() === true) retries++;
      clock.advance(1_000 / 300);
    }
  assert.ok(retries > 500 && retries <= 0.2 * 3_000 + 100, `${retries}`);
});

test("names have budgets of their own, and one that nobody has any more begins afresh", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const settings = { minPerSecond: 0.1 };
  const take = (name: string, thread: number) => {
    const budget = sharedRetryBudget(memory, { name, thread }, settings, clock);
    assert.ok(budget !== undefined);
    return budget;
  };
  const [first, other] = [take("a", 0), take("b", 0)];
  assert.deepEqual([first.tryWithdraw(), first.tryWithdraw(), other.tryWithdraw()], [true, false, true]);
  const beside = take("a", 1);
  first[Symbol.dispose]();
  assert.equal(beside.tryWithdraw(), false, "another thread still has it");
  beside[Symbol.dispose]();
  assert.equal(take("a", 0).tryWithdraw(), true);
  beside.deposit();
  assert.equal(take("a", 1).tryWithdraw(), false, "who let go of it takes nothing from the next");
});

test("a thread that died holds no lock, and what it took stays taken", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const [one, two] = [0, 1].map((thread) =>
    sharedRetryBudget(memory, { name: "a", thread }, { minPerSecond: 0.1 }, clock),
  );
  assert.equal(one?.tryWithdraw(), true);
  forgetThread(memory, 0);
  assert.equal(two?.tryWithdraw(), false);
});

test("where there is no room for another name, nobody gets a budget of somebody else", () => {
  const clock = manualClock();
  const memory = memoryOf(1);
  const made = Array.from({ length: 2_049 }, (_, i) =>
    sharedRetryBudget(memory, { name: `s${i}`, thread: 0 }, {}, clock),
  );
  assert.equal(made.filter((one) => one === undefined).length, 1);
});
