import { type Discovery, registryDiscovery, staticDiscovery } from "../discovery/index.ts";
import type { Clock, Random, Secret } from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type FleetSettings, instanceId } from "./file/settings.ts";

/** Where the supervisor itself finds services. Nothing is asked before somebody asks for one. */
export function ownDiscovery(
  settings: FleetSettings,
  registry: { readonly url: string; readonly token: Secret | undefined } | undefined,
  shared: { readonly http: HttpClient; readonly clock: Clock; readonly random: Random; readonly log: Logger },
): Discovery {
  if (registry !== undefined)
    return registryDiscovery({ ...shared, url: registry.url, token: registry.token });
  return staticDiscovery(
    settings.services.map((service) => ({
      service: service.name,
      id: instanceId(service, 0),
      host: service.host,
      port: service.port,
      meta: {},
      tags: service.tags,
      weight: 1,
    })),
  );
}
