import type { RegistryEngine } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { etcdKv, maxEtcdValueBytes } from "./etcd-kv.ts";
import { etcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { etcdMutex } from "./etcd-mutex.ts";
import { etcdRegistry } from "./etcd-registry.ts";
import { etcdWire } from "./etcd-wire.ts";

/**
 * An etcd, one or a cluster behind an address.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
 */
export async function etcdEngine(options: EngineOptions): Promise<RegistryEngine> {
  const wire = etcdWire(options.url, options.http);
  await wire.call("maintenance/status", {});
  const leases = etcdLeases(wire);
  const registry = etcdRegistry(wire, leases, options);
  return {
    name: "etcd",
    capabilities: {
      durableAck: true,
      linearizableRead: true,
      resumableWatch: true,
      maxTxnSteps: 128,
      history: false,
      dns: false,
      maxValueBytes: maxEtcdValueBytes,
      minLeaseMs: minEtcdLeaseMs,
    },
    registry,
    kv: etcdKv(wire, options),
    mutex: etcdMutex(wire, leases, options),
    configuration: undefined,
    [Symbol.asyncDispose]: () => registry.discovery[Symbol.asyncDispose](),
  };
}
