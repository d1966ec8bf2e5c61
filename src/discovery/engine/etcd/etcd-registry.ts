import type { Discovery } from "../../discovery.ts";
import { type FollowingOptions, followingDiscovery } from "../../following.ts";
import type { InstanceStatus } from "../../registrar.ts";
import type { Registry } from "../engine.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";
import { type EtcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { methods } from "./etcd-messages.ts";
import { etcdSource, instanceKey, instanceValue } from "./etcd-source.ts";
import type { EtcdWire } from "./etcd-wire.ts";

/** Follows instances written down in etcd. */
export function etcdDiscovery(wire: EtcdWire, options: FollowingOptions): Discovery {
  return followingDiscovery(options, (service) => [etcdSource(service, wire)]);
}

/** An instance is a key under a lease: it goes when nobody renews it. Nobody checks it but its owner. */
export function etcdRegistry(wire: EtcdWire, leases: EtcdLeases, options: EngineOptions): Registry {
  return {
    discovery: etcdDiscovery(wire, options),
    async register(instance, { leaseMs: wanted, signal }) {
      const leaseMs = Math.max(wanted, minEtcdLeaseMs);
      const key = instanceKey(instance.service, instance.id);
      let now: { readonly status: InstanceStatus; readonly note: string } = { status: "passing", note: "" };
      let lease = await leases.grant(leaseMs, signal);
      const write = async (abort?: AbortSignal): Promise<void> => {
        const value = instanceValue(instance, now.status, now.note);
        await wire.call(methods.put, { key, value, lease }, abort);
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
