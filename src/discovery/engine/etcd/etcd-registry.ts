import type { Discovery } from "../../discovery.ts";
import { followingDiscovery } from "../../following.ts";
import type { InstanceStatus } from "../../registrar.ts";
import type { Registry } from "../engine.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";
import { type EtcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { etcdSource, instanceKey, instanceValue } from "./etcd-source.ts";
import { type EtcdWire, etcdWire, toBase64 } from "./etcd-wire.ts";

/** Follows instances written down in etcd. */
export function etcdDiscovery(options: EngineOptions): Discovery {
  const wire = etcdWire(options.url, options.http);
  const reopenMs = options.updateIntervalMs ?? 30_000;
  return followingDiscovery(options, (service) => [
    etcdSource(service, { wire, clock: options.clock, reopenMs }),
  ]);
}

/** An instance is a key under a lease: it goes when nobody renews it. Nobody checks it but its owner. */
export function etcdRegistry(wire: EtcdWire, leases: EtcdLeases, options: EngineOptions): Registry {
  return {
    discovery: etcdDiscovery(options),
    async register(instance, { leaseMs: wanted, signal }) {
      const leaseMs = Math.max(wanted, minEtcdLeaseMs);
      const key = toBase64(instanceKey(instance.service, instance.id));
      let now: { readonly status: InstanceStatus; readonly note: string } = { status: "passing", note: "" };
      let lease = await leases.grant(leaseMs, signal);
      const write = async (abort?: AbortSignal): Promise<void> => {
        const value = toBase64(instanceValue(instance, now.status, now.note));
        await wire.call("kv/put", { key, value, lease }, abort);
      };
      await write(signal);
      const alive = keepAlive({
        clock: options.clock,
        leaseMs,
        async renew(abort) {
          if (await leases.renew(lease, abort)) return true;
          // It ran out while the registry was away, or its store was replaced.
          lease = await leases.grant(leaseMs, abort);
          await write(abort);
          return true;
        },
      });
      let closing: Promise<void> | undefined;
      const close = async (): Promise<void> => {
        await alive[Symbol.asyncDispose]();
        await leases.revoke(lease);
      };
      return {
        async setStatus(status, note = "") {
          now = { status, note };
          await write();
        },
        close: () => (closing ??= close()),
        [Symbol.asyncDispose]: () => (closing ??= close()),
      };
    },
  };
}
