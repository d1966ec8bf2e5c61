import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { retryBudget } from "./retry-budget.ts";

function withdrawals(budget: { tryWithdraw(): boolean }, most = 10_000): number {
  let count = 0;
  while (count < most && budget.tryWithdraw()) count++;
  return count;
}

test("allows ten retries a second without any traffic", () => {
  assert.equal(withdrawals(retryBudget({}, manualClock())), 100);
});

test("allows a fifth of the first tries on top", () => {
  const budget = retryBudget({}, manualClock());
  for (let i = 0; i < 1_000; i++) budget.deposit();
  assert.equal(withdrawals(budget), 300);
  assert.equal(budget.tryWithdraw(), false);
});

test("forgets requests and retries with the window", () => {
  const clock = manualClock();
  const budget = retryBudget({}, clock);
  for (let i = 0; i < 1_000; i++) budget.deposit();
  assert.equal(withdrawals(budget), 300);
  clock.advance(10_000);
  assert.equal(withdrawals(budget), 0, "retries are remembered a tenth longer than what earned them");
  clock.advance(1_000);
  assert.equal(withdrawals(budget), 100);
});

test("a zero floor gives nothing to a service without traffic", () => {
  const budget = retryBudget({ minPerSecond: 0, ratio: 0.5 }, manualClock());
  assert.equal(budget.tryWithdraw(), false);
  budget.deposit();
  budget.deposit();
  assert.equal(withdrawals(budget), 1);
});

test("in a total outage the load stays below 1.2 times the offered one plus ten a second", () => {
  const clock = manualClock();
  const budget = retryBudget({}, clock);
  const seconds = 60;
  let sent = 0;
  for (let i = 0; i < seconds * 500; i++) {
    clock.advance(2);
    budget.deposit();
    sent++;
    for (let retries = 0; retries < 3 && budget.tryWithdraw(); retries++) sent++;
  }
  const offered = seconds * 500;
  assert.ok(sent <= offered * 1.2 + seconds * 10, `${sent}`);
  assert.ok(sent > offered * 1.15, "the budget is used, not just kept");
});

test("whenever requests come, in no window of its length are there more retries than it allows", () => {
  const step = fc.record({ waitMs: fc.nat(400), requests: fc.nat(6), greed: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), fc.nat(10_000), (steps, startMs) => {
      const clock = manualClock();
      clock.advance(startMs);
      const windowMs = 1_000;
      const budget = retryBudget({ windowMs, ratio: 0.5, minPerSecond: 3 }, clock);
      const firsts: number[] = [];
      const retries: number[] = [];
      for (const { waitMs, requests, greed } of steps) {
        clock.advance(waitMs);
        const now = clock.now();
        for (let i = 0; i < requests; i++) {
          budget.deposit();
          firsts.push(now);
        }
        const before = retries.length;
        for (let i = 0; i < greed; i++) if (budget.tryWithdraw()) retries.push(now);
        if (retries.length === before) continue;
        const within = (times: readonly number[]): number => times.filter((at) => at > now - windowMs).length;
        assert.ok(within(retries) <= 0.5 * within(firsts) + 3, `${within(retries)} at ${now}`);
      }
    }),
  );
});
