import type { Clock, Timer } from "../../kernel/index.ts";

/** A check that passes as long as somebody holds on to it. */
export interface LeaseCheck extends Disposable {
  /** Somebody holds it from now on; whoever did before holds it no more. The end of the last hold is the end of it. */
  hold(): Disposable;
  /** Nobody is known to hold it: who did gets this long to come back. */
  beat(atLeastMs: number): void;
}

/** Calls `lost` when the last one that held it let go, or did not come back in time. */
export function leaseCheck(clock: Clock, lost: () => void): LeaseCheck {
  let holder: object | undefined;
  let timer: Timer | undefined;
  return {
    hold() {
      const own = {};
      holder = own;
      timer?.cancel();
      return {
        [Symbol.dispose]() {
          if (holder !== own) return;
          holder = undefined;
          lost();
        },
      };
    },
    beat(atLeastMs) {
      timer?.cancel();
      timer = clock.after(atLeastMs, lost, { background: true });
    },
    [Symbol.dispose]() {
      holder = undefined;
      timer?.cancel();
    },
  };
}
