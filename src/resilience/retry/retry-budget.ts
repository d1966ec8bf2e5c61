import type { Clock } from "../../kernel/index.ts";
import { type Cells, type CellsSize, ownCells } from "../cells.ts";
import { rollingCells, rollingCounts } from "../rolling-counts.ts";

export interface RetryBudgetSettings {
  /** Retries as a share of requests in the window; default 0.2. */
  readonly ratio?: number;
  /** Retries per second that are always allowed; default 10. */
  readonly minPerSecond?: number;
  /** Default 10,000. */
  readonly windowMs?: number;
}

/** Bounds the extra load that retries may put on a service, however much of it fails. */
export interface RetryBudget {
  /** Counts a first try. */
  deposit(): void;
  /** Takes the right to one retry; false when the budget is spent. */
  tryWithdraw(): boolean;
}

const buckets = 10;

/** First tries and retries are counted over windows of their own. */
const firstCells = rollingCells(buckets - 1);
export const budgetCells: CellsSize = { words: 0, numbers: firstCells + rollingCells(buckets + 1) };

/**
 * Finagle's form, as in Gateway API GEP-3388: over the last window, retries stay at or below
 * `ratio × first tries + minPerSecond × window`. Counting finished and running requests alike keeps the budget
 * from shrinking just when requests fail.
 *
 * Windows are exact to a tenth. First tries are counted over a tenth less than the window and retries over a tenth more,
 * so that neither rounding nor chance adds load: an outage that uses up every window stays below the ratio.
 */
export function retryBudget(
  settings: RetryBudgetSettings,
  clock: Clock,
  { numbers, lock }: Cells = ownCells(budgetCells),
): RetryBudget {
  const windowMs = settings.windowMs ?? 10_000;
  const ratio = settings.ratio ?? 0.2;
  const reserve = ((settings.minPerSecond ?? 10) * windowMs) / 1000;
  const tenthMs = windowMs / buckets;
  const firsts = rollingCounts(windowMs - tenthMs, buckets - 1, numbers.subarray(0, firstCells));
  const retries = rollingCounts(windowMs + tenthMs, buckets + 1, numbers.subarray(firstCells));
  return {
    deposit() {
      const now = clock.now();
      lock.enter();
      firsts.add(0, now);
      lock.leave();
    },
    tryWithdraw() {
      const now = clock.now();
      lock.enter();
      const fits = retries.sum(0, now) + 1 <= ratio * firsts.sum(0, now) + reserve;
      if (fits) retries.add(0, now);
      lock.leave();
      return fits;
    },
  };
}
