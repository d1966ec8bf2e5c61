import { type Clock, type Scope, taskScope } from "../../kernel/index.ts";

export interface KeepAliveOptions {
  readonly clock: Clock;
  /** How long what is kept lives without a renewal. */
  readonly leaseMs: number;
  /** Renews; false: it is gone for good. A rejection is an outage: it is tried again. */
  renew(signal: AbortSignal): Promise<boolean>;
  /**
   * It is gone, or was not renewed in time, so that nobody can say whether it is still there; the end of renewing.
   * Default: goes on, as what is gone can be made again.
   */
  readonly onLost?: () => void;
}

/** Renews a lease three times within its life until it is disposed. */
export function keepAlive({ clock, leaseMs, renew, onLost }: KeepAliveOptions): AsyncDisposable {
  const scope: Scope = taskScope(() => undefined);
  scope.run(async (signal) => {
    let renewedAt = clock.now();
    while (!signal.aborted) {
      await clock.sleep(leaseMs / 3, signal);
      const askedAt = clock.now();
      const renewed = await renew(signal).catch(() => undefined);
      if (signal.aborted) return;
      // Counted from the question: how long the answer travelled, the lease was already running.
      if (renewed === true) renewedAt = askedAt;
      if (onLost !== undefined && (renewed === false || clock.now() - renewedAt >= leaseMs)) return onLost();
    }
  });
  return scope;
}
