import { type Clock, TuskerError } from "../../kernel/index.ts";
import type { Held, LeaseOptions, Mutex } from "./engine.ts";
import { keepAlive } from "./keep-alive.ts";

/** Locks are keys below this. */
const folder = "tusker/locks/";

/** What an engine does for a lock that lives as long as a lease. */
export interface LeaseLocks<Lease> {
  readonly clock: Clock;
  /** The shortest lease the engine keeps; default: as asked for. */
  readonly minLeaseMs?: number;
  grant(leaseMs: number, signal: AbortSignal | undefined): Promise<Lease>;
  /** False: it has ended. */
  renew(lease: Lease, signal: AbortSignal): Promise<boolean>;
  /** Ends it, and with it what it holds. */
  end(lease: Lease): Promise<void>;
  /** The token; where somebody else holds the key, how to wait until it may be tried again. */
  take(key: string, lease: Lease): Promise<bigint | ((signal: AbortSignal) => Promise<void>)>;
}

/** Mutual exclusion by a key that is bound to its holder's lease. */
export function leaseMutex<Lease>(locks: LeaseLocks<Lease>): Mutex {
  return {
    async acquire(name, options) {
      const taken = await take(locks, name, { ...options, waits: true });
      if (taken === undefined) throw lostError(name);
      return taken;
    },
    tryAcquire: (name, options) => take(locks, name, { ...options, waits: false }),
  };
}

async function take<Lease>(
  locks: LeaseLocks<Lease>,
  name: string,
  options: LeaseOptions & { readonly waits: boolean },
): Promise<Held | undefined> {
  const { clock } = locks;
  const leaseMs = Math.max(options.leaseMs, locks.minLeaseMs ?? 0);
  const since = clock.now();
  const lease = await locks.grant(leaseMs, options.signal);
  const lost = new AbortController();
  const alive = keepAlive({
    clock,
    leaseMs,
    since,
    renew: (signal) => locks.renew(lease, signal),
    onLost: () => lost.abort(lostError(name)),
  });
  const giveUp = async (): Promise<void> => {
    await alive[Symbol.asyncDispose]();
    await locks.end(lease);
  };
  const ended = AbortSignal.any([lost.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  try {
    for (;;) {
      const taken = await locks.take(`${folder}${name}`, lease);
      if (typeof taken === "bigint") return held(taken, lost.signal, giveUp);
      if (!options.waits) break;
      await taken(ended);
    }
  } catch (error) {
    await giveUp().catch(() => undefined);
    throw lost.signal.aborted ? lostError(name) : error;
  }
  await giveUp();
  return undefined;
}

/** One that releases once, however often it is asked. */
function held(fencingToken: bigint, lost: AbortSignal, giveUp: () => Promise<void>): Held {
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => (released ??= giveUp());
  return { fencingToken, lost, release, [Symbol.asyncDispose]: release };
}

/** Why nobody can say any more who holds a name. */
function lostError(name: string): TuskerError {
  return new TuskerError("DISCOVERY_LEASE_LOST", `the lease of the lock "${name}" was not renewed in time`);
}
