import { aborted, type Clock, type Random, TuskerError, taskScope } from "../kernel/index.ts";
import type { Discovery } from "./discovery.ts";
import type { EndpointSet } from "./endpoint.ts";
import { Followed, type FollowOptions } from "./follow.ts";
import type { DiscoveryLog, RegistryHttp } from "./http.ts";

/** Where the registry is and what discovery may use. */
export interface ConsulDiscoveryOptions {
  /** Base address of the registry, for example "http://127.0.0.1:8500". */
  readonly url: string;
  /** Must allow one connection per followed service. */
  readonly http: RegistryHttp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  /** How long one question stays open; default 30,000. */
  readonly updateIntervalMs?: number;
  /** How long after an outage of the registry removals do not count yet; default 15,000. */
  readonly graceMs?: number;
}

/**
 * Discovery over the blocking queries of a registry that speaks Consul's HTTP API. One question per service is open
 * at any time, however many listen. While the registry is away the last sets stay in use.
 *
 * @example
 * await using discovery = consulDiscovery({ url: "http://127.0.0.1:8500", http, clock, random, log });
 * const { endpoints } = await discovery.lookup("user-service");
 */
export function consulDiscovery(options: ConsulDiscoveryOptions): Discovery {
  const scope = taskScope((error) => options.log.warn("discovery stopped following a service", { error }));
  const services = new Map<string, Followed>();
  const follow: FollowOptions = {
    ...options,
    waitMs: options.updateIntervalMs ?? 30_000,
    graceMs: options.graceMs ?? 15_000,
  };

  const followed = (service: string): Followed => {
    const known = services.get(service);
    if (known !== undefined) return known;
    if (scope.signal.aborted) throw new TuskerError("KERNEL_ABORTED", "discovery was closed");
    const created = new Followed(service, follow);
    services.set(service, created);
    scope.run((signal) => created.run(signal));
    return created;
  };

  return {
    watch: (service, listener) => followed(service).listen(listener),
    lookup: async (service, signal) => orAborted(followed(service).current(), signal),
    known: (service) => services.get(service)?.set,
    [Symbol.asyncDispose]: () => scope.close(),
  };
}

async function orAborted(set: Promise<EndpointSet>, signal: AbortSignal | undefined): Promise<EndpointSet> {
  if (signal === undefined) return set;
  if (signal.aborted) throw aborted(signal);
  const gone = Promise.withResolvers<never>();
  const onAbort = (): void => gone.reject(aborted(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([set, gone.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
