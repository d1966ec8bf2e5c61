import type { Held, LeaseOptions, Mutex } from "../engine.ts";
import { held, lostError } from "../held.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";
import { type EtcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { type EtcdWire, revisionOf, toBase64 } from "./etcd-wire.ts";

const folder = "tusker/locks/";

/**
 * Mutual exclusion by a key that only one can create and that ends with its creator's lease. The token is the revision
 * of that creation: revisions only grow.
 */
export function etcdMutex(wire: EtcdWire, leases: EtcdLeases, { clock }: EngineOptions): Mutex {
  /** The token, or the revision at which somebody else was seen to hold it. */
  const lock = async (key: string, lease: string): Promise<{ token: bigint } | { seen: string }> => {
    const answer = await wire.call("kv/txn", {
      compare: [{ key, result: "EQUAL", target: "CREATE", create_revision: "0" }],
      success: [{ request_put: { key, lease } }],
    });
    const revision = revisionOf(answer);
    return answer.succeeded === true ? { token: BigInt(revision) } : { seen: revision };
  };

  /** Resolves when the key goes after that revision. */
  const free = async (key: string, seen: string, signal: AbortSignal): Promise<void> => {
    const next = String(BigInt(seen) + 1n);
    const create_request = { key, start_revision: next, filters: ["NOPUT"] };
    for await (const { events, canceled } of wire.stream("watch", { create_request }, signal)) {
      if (canceled === true || (Array.isArray(events) && events.length > 0)) return;
    }
  };

  const take = async (name: string, options: LeaseOptions, waits: boolean): Promise<Held | undefined> => {
    const key = toBase64(`${folder}${name}`);
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
