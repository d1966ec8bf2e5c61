import type { Discovery, EndpointListener } from "./discovery.ts";
import { type Endpoint, type EndpointSet, endpointSet } from "./endpoint.ts";

/** Discovery without a registry: the sets are told. Used when `[service_discovery]` is off, and in tests. */
export interface StaticDiscovery extends Discovery {
  /** Replaces the endpoints of a service and tells its listeners when something changed. */
  set(service: string, endpoints: readonly Endpoint[]): void;
}

/**
 * @param endpoints what is known from the start; services are grouped by `Endpoint.service`
 * @example staticDiscovery([{ id: "u1", service: "user-service", host: "127.0.0.1", port: 8081, meta: {}, tags: [], weight: 1 }])
 */
export function staticDiscovery(endpoints: readonly Endpoint[] = []): StaticDiscovery {
  const sets = new Map<string, EndpointSet>();
  const listeners = new Map<string, Set<{ tell: EndpointListener }>>();
  let versions = 0;

  const set = (service: string, next: readonly Endpoint[]): void => {
    const before = sets.get(service);
    const now = endpointSet(service, String(versions + 1), next);
    if (before !== undefined && JSON.stringify(before.endpoints) === JSON.stringify(now.endpoints)) return;
    versions++;
    sets.set(service, now);
    for (const entry of listeners.get(service) ?? []) entry.tell(now);
  };

  for (const [service, own] of Map.groupBy(endpoints, (endpoint) => endpoint.service)) set(service, own);

  const empty = (service: string): EndpointSet => endpointSet(service, "0", []);
  return {
    set,
    // Nobody else will ever tell about a service, so "not listed" is an answer: an empty set.
    known: (service) => sets.get(service) ?? empty(service),
    lookup: async (service) => sets.get(service) ?? empty(service),
    watch(service, listener) {
      const entry = { tell: listener };
      const entries = listeners.get(service) ?? new Set();
      listeners.set(service, entries.add(entry));
      listener(sets.get(service) ?? empty(service));
      return { [Symbol.dispose]: () => void entries.delete(entry) };
    },
    async [Symbol.asyncDispose]() {
      listeners.clear();
    },
  };
}
