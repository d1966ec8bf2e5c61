import { isFields, malformed, textOf } from "../../json.ts";
import type { EtcdWire } from "./etcd-wire.ts";

/** The shortest lease; below, an etcd raises it by itself. */
export const minEtcdLeaseMs = 2_000;

/** Leases of etcd; their length is in whole seconds. */
export interface EtcdLeases {
  /** Gives the id. */
  grant(leaseMs: number, signal?: AbortSignal): Promise<string>;
  /** False: it has ended. */
  renew(id: string, signal: AbortSignal): Promise<boolean>;
  /** Ends it with all that hangs on it; one that has ended is fine. */
  revoke(id: string): Promise<void>;
}

export function etcdLeases(wire: EtcdWire): EtcdLeases {
  return {
    async grant(leaseMs, signal) {
      const answer = await wire.call("lease/grant", { TTL: String(Math.ceil(leaseMs / 1_000)) }, signal);
      const id = textOf(answer.ID);
      if (id === "") throw malformed("a lease has no id");
      return id;
    },
    async renew(ID, signal) {
      const { result } = await wire.call("lease/keepalive", { ID }, signal);
      return isFields(result) && Number(textOf(result.TTL)) > 0;
    },
    async revoke(ID) {
      try {
        await wire.call("lease/revoke", { ID });
      } catch (error) {
        // 404: it was gone before.
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

function isNotFound(error: unknown): boolean {
  return isFields(error) && isFields(error.details) && error.details.status === 404;
}
