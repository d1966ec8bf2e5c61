import type { Held, LeaseOptions, Mutex } from "../engine.ts";
import { held, lostError } from "../held.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";
import { type EtcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { compareTarget, methods, noPut } from "./etcd-messages.ts";
import { type EtcdWire, revisionOf } from "./etcd-wire.ts";

const folder = "tusker/locks/";

/**
 * Mutual exclusion by a key that only one can create and that ends with its creator's lease. The token is the revision
 * of that creation: revisions only grow.
 */
export function etcdMutex(wire: EtcdWire, leases: EtcdLeases, { clock }: EngineOptions): Mutex {
  /** The token, or the revision at which somebody else was seen to hold it. */
  const lock = async (key: string, lease: bigint): Promise<{ token: bigint } | { seen: bigint }> => {
    const answer = await wire.call(methods.txn, {
      compare: [{ key, target: compareTarget.create, createRevision: 0n }],
      success: [{ put: { key, lease } }],
    });
    const revision = revisionOf(answer);
    return answer.succeeded ? { token: revision } : { seen: revision };
  };

  /** Resolves when the key goes after that revision. */
  const free = async (key: string, seen: bigint, signal: AbortSignal): Promise<void> => {
    const create = { key, startRevision: seen + 1n, filters: [noPut] };
    using watch = await wire.open(methods.watch, { create }, signal);
    for (let told = await watch.next(); told !== undefined; told = await watch.next()) {
      if (told.canceled || told.events.length > 0) return;
    }
  };

  const take = async (name: string, options: LeaseOptions, waits: boolean): Promise<Held | undefined> => {
    const key = `${folder}${name}`;
    const leaseMs = Math.max(options.leaseMs, minEtcdLeaseMs);
    const lease = await leases.grant(leaseMs, options.signal);
    const lost = new AbortController();
    const alive = keepAlive({
      clock,
      leaseMs,
      renew: (signal) => leases.renew(lease, signal),
      onLost: () => lost.abort(lostError(name)),
    });
    const giveUp = async (): Promise<void> => {
      await alive[Symbol.asyncDispose]();
      await leases.revoke(lease);
    };
    const ended = AbortSignal.any([lost.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    try {
      for (;;) {
        const result = await lock(key, lease);
        if ("token" in result) return held(result.token, lost.signal, giveUp);
        if (!waits) break;
        await free(key, result.seen, ended);
      }
    } catch (error) {
      await giveUp().catch(() => undefined);
      throw lost.signal.aborted ? lostError(name) : error;
    }
    await giveUp();
    return undefined;
  };

  return {
    async acquire(name, options) {
      const taken = await take(name, options, true);
      if (taken === undefined) throw lostError(name);
      return taken;
    },
    tryAcquire: (name, options) => take(name, options, false),
  };
}
