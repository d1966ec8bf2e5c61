import { TuskerError } from "../../../kernel/index.ts";
import { malformed } from "../../json.ts";
import { methods } from "./etcd-messages.ts";
import { type EtcdWire, grpcStatus } from "./etcd-wire.ts";

/** The shortest lease; below, an etcd raises it by itself. */
export const minEtcdLeaseMs = 2_000;

/** Leases of etcd; their length is in whole seconds. */
export interface EtcdLeases {
  /** Gives the id. */
  grant(leaseMs: number, signal?: AbortSignal): Promise<bigint>;
  /** False: it has ended. */
  renew(id: bigint, signal: AbortSignal): Promise<boolean>;
  /** Ends it with all that hangs on it; one that has ended is fine. */
  revoke(id: bigint): Promise<void>;
}

export function etcdLeases(wire: EtcdWire): EtcdLeases {
  return {
    async grant(leaseMs, signal) {
      const { id } = await wire.call(methods.leaseGrant, { ttl: BigInt(Math.ceil(leaseMs / 1_000)) }, signal);
      if (id === 0n) throw malformed("a lease has no id");
      return id;
    },
    async renew(id, signal) {
      const { ttl } = await wire.call(methods.leaseKeepAlive, { id }, signal);
      return ttl > 0n;
    },
    async revoke(id) {
      try {
        await wire.call(methods.leaseRevoke, { id });
      } catch (error) {
        if (!wasGone(error)) throw error;
      }
    },
  };
}

function wasGone(error: unknown): boolean {
  return error instanceof TuskerError && error.details.grpcStatus === grpcStatus.notFound;
}
