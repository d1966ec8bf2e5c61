import type { Clock } from "../../kernel/index.ts";
import type { LiveQuantile } from "./quantile.ts";
import type { Tried } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";

export interface HedgePolicy {
  /** When a second copy is sent: once the first has taken longer than this share of the others. */
  readonly delay: LiveQuantile;
  /** Least wait; default 5 ms. */
  readonly floorMs?: number;
  /** Bounds the extra load; its floor should be zero. */
  readonly budget: RetryBudget;
  readonly clock: Clock;
}

export interface HedgeOutcome<T> {
  readonly tried: Tried<T>;
  /** True when a second copy was sent. */
  readonly hedged: boolean;
  /** Which copy it came from. */
  readonly copy: 1 | 2;
}

export interface HedgeHooks<T> {
  /** Gets the answer that came too late to be wanted. */
  readonly discard: (late: Tried<T>) => void;
  /** Asked when a second copy is due: false for a request that cannot be sent twice. Default true. */
  readonly copyable?: () => boolean;
}

/**
 * Sends a second copy of a request that takes unusually long, and gives the first good answer (Dean and Barroso, The
 * Tail at Scale). For requests that may be acted on twice only: the caller asks `isRepeatable`.
 *
 * A copy that fails is not final while the other one runs; the last failure is given. A failure before the second copy
 * was due is left to retries.
 *
 * @param attempt must end soon when its signal fires; it may reject only when the caller's own work is over
 */
export async function hedge<T>(
  policy: HedgePolicy,
  attempt: (copy: 1 | 2, signal: AbortSignal) => Promise<Tried<T>>,
  { discard, copyable = () => true }: HedgeHooks<T>,
): Promise<HedgeOutcome<T>> {
  policy.budget.deposit();
  const startMs = policy.clock.now();
  const first = new AbortController();
  const running = attempt(1, first.signal);
  const delayMs = policy.delay.value();
  const finish = (tried: Tried<T>, hedged: boolean, copy: 1 | 2): HedgeOutcome<T> => {
    // Copies are timed from the first one: hedging must not make its own delay shorter and shorter.
    if (tried.failure === undefined) policy.delay.observe(policy.clock.now() - startMs);
    return { tried, hedged, copy };
  };
  if (delayMs === undefined) return finish(await running, false, 1);
  const early = await within(running, Math.max(policy.floorMs ?? 5, delayMs), policy.clock);
  if (early !== undefined) return finish(early, false, 1);
  if (!copyable() || !policy.budget.tryWithdraw()) return finish(await running, false, 1);
  const second = new AbortController();
  const copies = [
    { copy: 1, abort: first, outcome: running },
    { copy: 2, abort: second, outcome: attempt(2, second.signal) },
  ] as const;
  const won = await firstGood(copies);
  for (const { copy, abort, outcome } of copies) {
    if (copy === won.copy) continue;
    outcome.then(discard, () => {});
    abort.abort();
  }
  return finish(won.tried, true, won.copy);
}

interface Copy<T> {
  readonly copy: 1 | 2;
  readonly outcome: Promise<Tried<T>>;
}

function firstGood<T>(copies: readonly [Copy<T>, Copy<T>]): Promise<{ tried: Tried<T>; copy: 1 | 2 }> {
  return new Promise((resolve, reject) => {
    let left = copies.length;
    for (const { copy, outcome } of copies)
      outcome.then((tried) => {
        left--;
        if (tried.failure === undefined || left === 0) resolve({ tried, copy });
      }, reject);
  });
}

/** What comes within the time; undefined when it does not. */
async function within<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}
