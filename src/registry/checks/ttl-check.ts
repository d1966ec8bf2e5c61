import type { Clock, Timer } from "../../kernel/index.ts";

/** A check whose instance must say that it is alive. */
export interface TtlCheck extends Disposable {
  /** The instance said something: the time starts anew, and is no shorter than `atLeastMs`. */
  beat(atLeastMs?: number): void;
}

/**
 * Calls `expire` when nothing was heard for `ttlMs`, counted from now, and again after each silence that follows a
 * beat. A beat only moves the deadline: the timer is set once per TTL, however many beats arrive.
 */
export function ttlCheck(ttlMs: number, clock: Clock, expire: () => void): TtlCheck {
  let deadline = clock.now() + ttlMs;
  let timer: Timer | undefined;
  const plan = (): void => {
    timer = clock.after(deadline - clock.now(), due, { background: true });
  };
  const due = (): void => {
    if (deadline > clock.now()) {
      plan();
      return;
    }
    timer = undefined;
    expire();
  };
  plan();
  return {
    beat(atLeastMs = 0) {
      deadline = clock.now() + Math.max(ttlMs, atLeastMs);
      if (timer === undefined) plan();
    },
    [Symbol.dispose]: () => timer?.cancel(),
  };
}
