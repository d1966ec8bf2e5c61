import type { Mutex } from "../engine.ts";
import { leaseMutex } from "../lease-mutex.ts";
import type { EngineOptions } from "../options.ts";
import { type EtcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { compareTarget, methods, noPut } from "./etcd-messages.ts";
import { type EtcdWire, revisionOf } from "./etcd-wire.ts";

/**
 * Mutual exclusion by a key that only one can create and that ends with its creator's lease. The token is the revision
 * of that creation: revisions only grow.
 */
export function etcdMutex(wire: EtcdWire, leases: EtcdLeases, { clock }: EngineOptions): Mutex {
  /** Resolves when the key goes after that revision. */
  const free = async (key: string, seen: bigint, signal: AbortSignal): Promise<void> => {
    const create = { key, startRevision: seen + 1n, filters: [noPut] };
    using watch = await wire.open(methods.watch, { create }, signal);
    for (let told = await watch.next(); told !== undefined; told = await watch.next()) {
      if (told.canceled || told.events.length > 0) return;
    }
  };

  return leaseMutex<bigint>({
    clock,
    minLeaseMs: minEtcdLeaseMs,
    grant: leases.grant,
    renew: leases.renew,
    end: leases.revoke,
    async take(key, lease) {
      const answer = await wire.call(methods.txn, {
        compare: [{ key, target: compareTarget.create, createRevision: 0n }],
        success: [{ put: { key, lease } }],
      });
      const revision = revisionOf(answer);
      return answer.succeeded ? revision : (signal) => free(key, revision, signal);
    },
  });
}
