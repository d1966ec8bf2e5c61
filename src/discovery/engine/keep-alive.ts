import { type Clock, type Scope, taskScope } from "../../kernel/index.ts";

export interface KeepAliveOptions {
  readonly clock: Clock;
  /** How long what is kept lives without a renewal. */
  readonly leaseMs: number;
  /** `clock.now()` when it was asked for: its life began no later than that. Default: now. */
  readonly since?: number;
  /** Renews; false: it is gone for good. A rejection is an outage: it is tried again. */
  renew(signal: AbortSignal): Promise<boolean>;
  /**
   * It is gone, or was not renewed in time, so that nobody can say whether it is still there; the end of renewing.
   * Default: goes on, as what is gone can be made again.
   */
  readonly onLost?: () => void;
}

/** Renews a lease three times within its life until it is disposed. */
export function keepAlive(options: KeepAliveOptions): AsyncDisposable {
  const { clock, leaseMs, onLost } = options;
  const scope: Scope = taskScope(() => undefined);
  scope.run(async (signal) => {
    let renewedAt = options.since ?? clock.now();
    while (!signal.aborted) {
      const leftMs = onLost === undefined ? leaseMs : renewedAt + leaseMs - clock.now();
      await clock.sleep(Math.min(leaseMs / 3, leftMs), signal);
      const askedAt = clock.now();
      // A question that hangs must not keep the holder believing past the end of the lease.
      const endsAt = onLost === undefined ? askedAt + leaseMs : renewedAt + leaseMs;
      const renewed = await within(endsAt, options, signal);
      if (signal.aborted) return;
      // Counted from the question: how long the answer travelled, the lease was already running.
      if (renewed === true) renewedAt = askedAt;
      if (onLost !== undefined && (renewed === false || clock.now() - renewedAt >= leaseMs)) return onLost();
    }
  });
  return scope;
}

/** What renewing gave; undefined when nothing came until then. */
async function within(
  endsAt: number,
  { clock, renew }: KeepAliveOptions,
  ending: AbortSignal,
): Promise<boolean | undefined> {
  const late = new AbortController();
  const over = Promise.withResolvers<undefined>();
  using _limit = clock.after(endsAt - clock.now(), () => late.abort());
  const signal = AbortSignal.any([ending, late.signal]);
  signal.addEventListener("abort", () => over.resolve(undefined), { once: true });
  return await Promise.race([renew(signal).catch(() => undefined), over.promise]);
}
