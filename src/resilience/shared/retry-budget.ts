import type { Clock } from "../../kernel/index.ts";
import { type RetryBudget, type RetryBudgetSettings, retryBudget } from "../retry/retry-budget.ts";
import { forgetLock, sharedLock } from "./lock.ts";
import { budgetShape, type SharedMemory } from "./memory.ts";
import { SharedRows } from "./rows.ts";

/** The lock stands in the one word of a row. */
const lockAt = 0;

/**
 * A retry budget that all threads of a process take from. Shares of one for each thread would add up to more than it
 * allows when the traffic moves from thread to thread. Undefined when there is no room for another name.
 *
 * @param name two of one name are the same budget, in every thread
 * @param thread 0-based
 */
export function sharedRetryBudget(
  memory: SharedMemory,
  { name, thread }: { readonly name: string; readonly thread: number },
  settings: RetryBudgetSettings,
  clock: Clock,
): (RetryBudget & Disposable) | undefined {
  const rows = rowsOf(memory, thread);
  const row = rows.take(name);
  if (row === undefined) return undefined;
  const { words, numbers } = row;
  let budget = retryBudget(settings, clock, { words, numbers, lock: sharedLock(words, lockAt, thread) });
  return {
    deposit: () => budget.deposit(),
    tryWithdraw: () => budget.tryWithdraw(),
    [Symbol.dispose]() {
      // Whoever still asks takes nothing from whom the row is next.
      budget = retryBudget(settings, clock);
      rows.release(row);
    },
  };
}

/** Lets go of what a thread held that is gone. */
export function forgetBudgets(memory: SharedMemory, thread: number): void {
  rowsOf(memory, thread).forget(({ words }) => forgetLock(words, lockAt, thread));
}

function rowsOf({ budgets, threads, seed }: SharedMemory, thread: number): SharedRows {
  return new SharedRows(budgets, budgetShape(threads), { seed, thread });
}
