import type { EndpointStats, ServiceStats } from "../../gateway/index.ts";

const worstLast = ["closed", "half-open", "open"] as const;

/**
 * What several threads know of the services, as what one process knows: requests under way are added up, of what each
 * learned by itself the worst counts. In the order of the first thread.
 */
export function mergeServices(threads: readonly (readonly ServiceStats[])[]): readonly ServiceStats[] {
  const services = new Map<string, Map<string, EndpointStats>>();
  for (const { service, endpoints } of threads.flat()) {
    const known = services.get(service) ?? new Map<string, EndpointStats>();
    services.set(service, known);
    for (const endpoint of endpoints) {
      const before = known.get(endpoint.id);
      known.set(endpoint.id, before === undefined ? endpoint : together(before, endpoint));
    }
  }
  return [...services].map(([service, endpoints]) => ({ service, endpoints: [...endpoints.values()] }));
}

function together(one: EndpointStats, other: EndpointStats): EndpointStats {
  const worse = worstLast.indexOf(one.breaker) < worstLast.indexOf(other.breaker) ? other : one;
  return {
    ...one,
    inFlight: one.inFlight + other.inFlight,
    costMs: Math.max(one.costMs, other.costMs),
    breaker: worse.breaker,
    up: one.up && other.up,
    ejected: one.ejected || other.ejected,
  };
}
