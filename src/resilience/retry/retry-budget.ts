import type { Clock } from "../../kernel/index.ts";
import { rollingCounts } from "../rolling-counts.ts";

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

/**
 * Finagle's form, as in Gateway API GEP-3388: over the last window, retries stay at or below
 * `ratio × first tries + minPerSecond × window`. Counting finished and running requests alike keeps the budget
 * from shrinking just when requests fail.
 */
export function retryBudget(settings: RetryBudgetSettings, clock: Clock): RetryBudget {
  const windowMs = settings.windowMs ?? 10_000;
  const ratio = settings.ratio ?? 0.2;
  const reserve = ((settings.minPerSecond ?? 10) * windowMs) / 1000;
  const counts = rollingCounts(windowMs);
  return {
    deposit: () => counts.add(0, clock.now()),
    tryWithdraw() {
      const now = clock.now();
      if (counts.sum(1, now) + 1 > ratio * counts.sum(0, now) + reserve) return false;
      counts.add(1, now);
      return true;
    },
  };
}
