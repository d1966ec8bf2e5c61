import { formatDuration, TuskerError } from "../kernel/index.ts";
import type { UrlRequest } from "../net/index.ts";
import { askRegistry, type RegistryHttp, wireUrl } from "./http.ts";
import type { InstanceCheck, InstanceRegistration, Registrar } from "./registrar.ts";

/** Where the registry is. */
export interface ConsulRegistrarOptions {
  /** Base address of the registry, for example "http://127.0.0.1:8500". */
  readonly url: string;
  readonly http: RegistryHttp;
}

const answerWithinMs = 10_000;

/** Registers instances with a registry that speaks Consul's HTTP API. The check of an instance is `service:<id>`. */
export function consulRegistrar({ url, http }: ConsulRegistrarOptions): Registrar {
  const put = async (path: string, body: unknown, signal: AbortSignal | undefined): Promise<void> => {
    const request: UrlRequest = {
      method: "PUT",
      url: wireUrl(url, path),
      headTimeoutMs: answerWithinMs,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: ["Content-Type", "application/json"] }),
    };
    try {
      await askRegistry(http, request);
    } catch (error) {
      // A registry that was restarted closed the connection we had kept. Saying the same twice changes nothing.
      if (!(error instanceof TuskerError) || !wasReset(error.cause)) throw error;
      await askRegistry(http, request);
    }
  };
  return {
    register: (instance, signal) =>
      put("/v1/agent/service/register?replace-existing-checks=true", registrationOf(instance), signal),
    async deregister(id, signal) {
      try {
        await put(`/v1/agent/service/deregister/${encodeURIComponent(id)}`, undefined, signal);
      } catch (error) {
        // Current Consuls refuse an id they do not know; older ones and our registry answer 200.
        if (error instanceof TuskerError && error.details.status === 404) return;
        throw error;
      }
    },
    setStatus: (id, status, note, signal) =>
      put(
        `/v1/agent/check/update/${encodeURIComponent(`service:${id}`)}`,
        { Status: status, Output: note ?? "" },
        signal,
      ),
  };
}

function wasReset(cause: unknown): boolean {
  return cause instanceof TuskerError && cause.code === "NET_RESET";
}

function registrationOf(instance: InstanceRegistration): object {
  const weight = instance.weight ?? 1;
  return {
    ID: instance.id,
    Name: instance.service,
    Address: instance.host,
    Port: instance.port,
    Meta: instance.meta ?? {},
    Tags: instance.tags ?? [],
    Weights: { Passing: weight, Warning: 1 },
    ...(instance.check === undefined ? {} : { Checks: [checkOf(instance, instance.check)] }),
  };
}

function checkOf({ id, status }: InstanceRegistration, check: InstanceCheck): object {
  return {
    CheckID: `service:${id}`,
    ...(status === undefined ? {} : { Status: status }),
    ...(check.deregisterAfterMs === undefined
      ? {}
      : { DeregisterCriticalServiceAfter: goDuration(check.deregisterAfterMs) }),
    ...wayOf(check),
  };
}

function wayOf(check: InstanceCheck): object {
  if (check.kind === "ttl") return { TTL: goDuration(check.ttlMs) };
  const timeout = check.timeoutMs === undefined ? {} : { Timeout: goDuration(check.timeoutMs) };
  const interval = { Interval: goDuration(check.intervalMs), ...timeout };
  return check.kind === "http" ? { HTTP: check.url, ...interval } : { TCP: check.address, ...interval };
}

/** The wire's durations know no days, ours may. */
function goDuration(ms: number): string {
  return ms < 86_400_000 ? formatDuration(ms) : `${ms}ms`;
}
