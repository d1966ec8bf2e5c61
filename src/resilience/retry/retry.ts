import type { Clock } from "../../kernel/index.ts";
import type { Backoff } from "./backoff.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { type Failure, mayRetry } from "./retryable.ts";

/** One try and what became of it. Without `failure` it was good. */
export interface Tried<T> {
  readonly value: T;
  readonly failure?: Failure | undefined;
  /** What the peer asked for in `Retry-After`, milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

export interface RetryPolicy {
  /** Tries after the first. */
  readonly retries: number;
  readonly backoff: Backoff;
  readonly budget: RetryBudget;
  readonly clock: Clock;
  /** HTTP statuses worth another try; default 502, 503, 504. */
  readonly statuses?: ReadonlySet<number>;
}

export interface RetryRequest<T> {
  /** See `isRepeatable`. */
  readonly repeatable: boolean;
  /** Monotonic time after which nobody waits for an answer. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** False once the body can no longer be sent again; absent means it always can. */
  readonly replayable?: () => boolean;
  /** Called when a try is given up for another one: the place to discard its answer. */
  readonly onRetry?: (given: Tried<T>, attempt: number, waitMs: number) => void;
}

/** Why no further try was made. */
export type RetryEnd = "good" | "final" | "retries" | "body" | "budget" | "deadline";

export interface Retried<T> extends Tried<T> {
  /** Tries made, at least 1. */
  readonly attempts: number;
  readonly end: RetryEnd;
}

/** A longer `Retry-After` is the caller's business: he gets the answer that carries it. */
const longestRetryAfterMs = 10_000;

/**
 * Runs `attempt` until it is good or another try is not allowed, and gives back the last one.
 *
 * @param attempt gets the number of the try, from 1. What it throws ends the loop.
 * @throws TuskerError KERNEL_ABORTED, or the signal's own reason, when the signal fires during a wait
 */
export async function retry<T>(
  policy: RetryPolicy,
  request: RetryRequest<T>,
  attempt: (number: number) => Promise<Tried<T>>,
): Promise<Retried<T>> {
  policy.budget.deposit();
  for (let number = 1; ; number++) {
    const tried = await attempt(number);
    const next = nextTry(policy, request, tried, number);
    if (typeof next === "string") return { ...tried, attempts: number, end: next };
    request.onRetry?.(tried, number, next);
    if (next > 0) await policy.clock.sleep(next, request.signal);
  }
}

/**
 * The wait in milliseconds before the next try, or why there is none: `retry` for those who keep the loop themselves.
 * The budget is asked last: asking takes from it.
 *
 * @param attempts tries made so far
 */
export function nextTry<T>(
  policy: RetryPolicy,
  request: RetryRequest<T>,
  tried: Tried<T>,
  attempts: number,
): number | RetryEnd {
  if (tried.failure === undefined) return "good";
  if (!mayRetry(request.repeatable, tried.failure, policy.statuses)) return "final";
  if (attempts > policy.retries) return "retries";
  if (request.replayable?.() === false) return "body";
  const asked = tried.retryAfterMs ?? 0;
  const waitMs = Math.max(policy.backoff(attempts), asked);
  if (asked > longestRetryAfterMs || policy.clock.now() + waitMs >= request.deadlineMs) return "deadline";
  return policy.budget.tryWithdraw() ? waitMs : "budget";
}
