import type { Collector } from "../collector/index.ts";
import type { ServiceGroup } from "./service-group.ts";
import type { Instance } from "./supervise/instance.ts";
import { mergeMetrics } from "./workers/merge-metrics.ts";

/**
 * What the processes of a fleet count, as one page in Prometheus text format: the gateway's metrics, and of services and
 * the collector what clients did to their connections. The instances of a service are added up. A service that does not
 * tell within a second, or was not written with `tusker/rpc`, is left out; undefined when the gateway does not tell.
 */
export async function fleetMetrics(parts: {
  readonly gateway: Instance;
  readonly groups: readonly ServiceGroup[];
  readonly collector: Collector | undefined;
}): Promise<string | undefined> {
  const instances = parts.groups.flatMap((group) => group.instances);
  const [gateway, ...services] = await Promise.all(
    [parts.gateway, ...instances].map((instance) => instance.metrics()),
  );
  if (gateway === undefined) return undefined;
  return mergeMetrics([gateway, ...services.map((text) => text ?? ""), parts.collector?.metrics() ?? ""]);
}
