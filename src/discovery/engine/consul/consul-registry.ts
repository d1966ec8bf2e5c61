import { TuskerError } from "../../../kernel/index.ts";
import { consulDiscovery, registryDiscovery } from "../../consul-discovery.ts";
import { consulRegistrar } from "../../consul-registrar.ts";
import type { InstanceStatus } from "../../registrar.ts";
import type { Registry } from "../engine.ts";
import { keepAlive } from "../keep-alive.ts";
import type { EngineOptions } from "../options.ts";

/** An instance that stays silent this long after its lease ended is forgotten altogether. */
const forgetAfterMs = 60_000;

/**
 * A lease is a TTL check that is reported in time. A registry that has forgotten the instance, after a restart say,
 * is told of it again.
 *
 * @param streams the registry has delta streams
 */
export function consulRegistry(options: EngineOptions, streams: boolean): Registry {
  const registrar = consulRegistrar(options);
  return {
    discovery: (streams ? registryDiscovery : consulDiscovery)(options),
    async register(instance, { leaseMs, signal }) {
      const { id } = instance;
      let now: { readonly status: InstanceStatus; readonly note: string } = { status: "passing", note: "" };
      const check = { kind: "ttl", ttlMs: leaseMs, deregisterAfterMs: forgetAfterMs } as const;
      const tell = async (abort?: AbortSignal): Promise<void> => {
        await registrar.register({ ...instance, check, status: now.status }, abort);
        // What the registry knew before is no news of this instance.
        await registrar.setStatus(id, now.status, now.note, abort);
      };
      const report = async (abort?: AbortSignal): Promise<void> => {
        try {
          await registrar.setStatus(id, now.status, now.note, abort);
        } catch (error) {
          if (!(error instanceof TuskerError) || error.details.status === undefined) throw error;
          await tell(abort);
        }
      };
      await tell(signal);
      const alive = keepAlive({
        clock: options.clock,
        leaseMs,
        renew: async (abort) => {
          await report(abort);
          return true;
        },
      });
      let closing: Promise<void> | undefined;
      const close = async (): Promise<void> => {
        await alive[Symbol.asyncDispose]();
        await registrar.deregister(id);
      };
      return {
        async setStatus(status, note = "") {
          now = { status, note };
          await report();
        },
        close: () => (closing ??= close()),
        [Symbol.asyncDispose]: () => (closing ??= close()),
      };
    },
  };
}
