import type { Clock } from "../../kernel/index.ts";

/**
 * A token bucket for questions: two at once, then one per `everyMs`. A registry that answers each blocking query at
 * once (a bug, a proxy, a service that changes all the time) then costs a bounded amount of work on both sides.
 */
export interface Pace {
  /** Waits until the next question may go out. @throws TuskerError KERNEL_ABORTED */
  next(signal: AbortSignal): Promise<void>;
}

const burst = 2;

export function pace(everyMs: number, clock: Clock): Pace {
  let tokens = burst;
  let filledAt = clock.now();
  return {
    async next(signal) {
      const now = clock.now();
      tokens = Math.min(burst, tokens + (now - filledAt) / everyMs) - 1;
      filledAt = now;
      if (tokens < 0) await clock.sleep(-tokens * everyMs, signal);
    },
  };
}
