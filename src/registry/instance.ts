import { isIP } from "node:net";
import type { LocalCheck, LocalService } from "./agent.ts";
import type { CheckSpec, CheckStatus } from "./state/model.ts";

/** An instance as code in this process registers it. The same shape as `InstanceRegistration` of discovery. */
export interface LocalInstance {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly meta?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Relative share of traffic; default 1. */
  readonly weight?: number;
  /** How the status is learnt; absent means always passing. */
  readonly check?: LocalInstanceCheck;
  /** The status now, known or not; absent: critical until the first result, or what was known. */
  readonly status?: CheckStatus;
}

/** How the status of an instance is learnt. */
export type LocalInstanceCheck =
  | { readonly kind: "ttl"; readonly ttlMs: number; readonly deregisterAfterMs?: number }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs?: number;
      readonly deregisterAfterMs?: number;
    }
  | {
      readonly kind: "tcp";
      readonly address: string;
      readonly intervalMs: number;
      readonly timeoutMs?: number;
      readonly deregisterAfterMs?: number;
    };

/** Id of the check of an instance registered by code. */
export function instanceCheckId(id: string): string {
  return `service:${id}`;
}

/** The rows of an instance. */
export function rowsOf(instance: LocalInstance): { service: LocalService; checks: LocalCheck[] } {
  const { id, service: name, host, port, check, weight = 1 } = instance;
  const family = isIP(host);
  const at = { address: host, port };
  return {
    service: {
      id,
      name,
      tags: instance.tags ?? [],
      address: host,
      port,
      meta: instance.meta,
      weights: { passing: weight, warning: 1 },
      enableTagOverride: false,
      bound: true,
      taggedAddresses: family === 0 ? undefined : { [`lan_ipv${family}`]: at, [`wan_ipv${family}`]: at },
    },
    checks:
      check === undefined
        ? []
        : [
            {
              id: instanceCheckId(id),
              name: "",
              notes: "",
              status: instance.status,
              type: check.kind,
              spec: specOf(check),
            },
          ],
  };
}

function specOf(check: LocalInstanceCheck): CheckSpec {
  const policy = {
    successBeforePassing: 0,
    failuresBeforeWarning: 0,
    failuresBeforeCritical: 0,
    deregisterAfterMs: check.deregisterAfterMs ?? 0,
  };
  if (check.kind === "ttl") return { kind: "ttl", ttlMs: check.ttlMs, ...policy };
  const pace = { intervalMs: check.intervalMs, timeoutMs: check.timeoutMs ?? 10_000 };
  if (check.kind === "tcp") return { kind: "tcp", address: check.address, ...pace, ...policy };
  return {
    kind: "http",
    url: check.url,
    method: "GET",
    headers: {},
    body: "",
    tlsSkipVerify: false,
    tlsServerName: "",
    followRedirects: true,
    ...pace,
    ...policy,
  };
}
