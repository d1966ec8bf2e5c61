import type { RegistryEngine } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { etcdKv, maxEtcdSteps, maxEtcdValueBytes } from "./etcd-kv.ts";
import { etcdLeases, minEtcdLeaseMs } from "./etcd-lease.ts";
import { methods } from "./etcd-messages.ts";
import { etcdMutex } from "./etcd-mutex.ts";
import { etcdRegistry } from "./etcd-registry.ts";
import { etcdWire } from "./etcd-wire.ts";

/**
 * An etcd, one or a cluster behind an address.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
 */
export async function etcdEngine(options: EngineOptions): Promise<RegistryEngine> {
  const wire = etcdWire(options);
  try {
    // Our own keys, and not its state: that is for its administrators alone where it has users.
    await wire.call(methods.range, { key: "tusker/" });
  } catch (error) {
    await wire[Symbol.asyncDispose]();
    throw error;
  }
  const leases = etcdLeases(wire);
  const registry = etcdRegistry(wire, leases, options);
  return {
    name: "etcd",
    capabilities: {
      durableAck: true,
      linearizableRead: true,
      resumableWatch: true,
      maxTxnSteps: maxEtcdSteps,
      history: false,
      dns: false,
      maxValueBytes: maxEtcdValueBytes,
      minLeaseMs: minEtcdLeaseMs,
    },
    registry,
    kv: etcdKv(wire, options),
    mutex: etcdMutex(wire, leases, options),
    configuration: undefined,
    async [Symbol.asyncDispose]() {
      await registry.discovery[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    },
  };
}
