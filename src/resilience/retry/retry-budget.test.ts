import assert from "node:assert/strict";
import { test } from "node:test";
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
  // The window is exact to a tenth of its length, and its first one may be used in a burst.
  assert.ok(sent <= offered * 1.2 + seconds * 10 + 220, `${sent}`);
  assert.ok(sent > offered * 1.15, "the budget is used, not just kept");
});
