import type { Clock } from "../kernel/index.ts";

/** A signal that ends with its parents or when its time is up. Dispose it when the work is done. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
  /** True when the time ran out, false when a parent fired or nothing did. */
  readonly expired: boolean;
  /** Takes the time off: what was waited for came. The signal goes on following its parents. */
  lift(): void;
}

export interface TimeLimitOptions {
  /** Milliseconds; undefined means no limit of its own. */
  readonly ms?: number | undefined;
  readonly parents?: readonly (AbortSignal | undefined)[];
  /** Reason of the signal when the time is up. */
  readonly reason: () => unknown;
}

/**
 * Composes signals without leaks: unlike AbortSignal.any, disposing takes the listeners off parents that live
 * longer than the work, and the timer off the clock.
 *
 * @example using limit = timeLimit(clock, { ms: 250, parents: [ctx.signal], reason: () => tooLate });
 */
export function timeLimit(clock: Clock, options: TimeLimitOptions): TimeLimit {
  const controller = new AbortController();
  const parents = (options.parents ?? []).filter((parent) => parent !== undefined);
  let expired = false;

  const dispose = (): void => {
    timer?.cancel();
    for (const parent of parents) parent.removeEventListener("abort", onParent);
  };
  const end = (reason: unknown): void => {
    dispose();
    controller.abort(reason);
  };
  const onParent = (): void => end(parents.find((parent) => parent.aborted)?.reason);
  const onTime = (): void => {
    expired = true;
    end(options.reason());
  };

  const timer = options.ms === undefined ? undefined : clock.after(options.ms, onTime);
  for (const parent of parents) parent.addEventListener("abort", onParent, { once: true });
  if (parents.some((parent) => parent.aborted)) onParent();

  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    lift: () => timer?.cancel(),
    [Symbol.dispose]: dispose,
  };
}
