import { valueAt } from "../problems.ts";
import type { FleetSections } from "../schema.ts";

const ownPaths = [
  ["gateway", "port"],
  ["gateway", "admin_port"],
  ["control", "port"],
  ["collector", "otlp_port"],
  ["collector", "zipkin_port"],
  ["collector", "jaeger_port"],
  ["service_discovery", "dns_port"],
] as const;

/** A port and where it is written, or would be. */
export interface OwnPort {
  readonly port: number;
  readonly path: readonly string[];
  readonly written: boolean;
}

/** What Tusker itself listens on. The collector and the registry make room for strangers, not for services of ours. */
export function ownPorts(
  value: Readonly<Record<string, unknown>>,
  sections: FleetSections | undefined,
): OwnPort[] {
  const off = new Set<string>();
  if (sections?.collector.enabled === false || sections?.tracing.enabled === false) off.add("collector");
  if (sections?.service_discovery.enabled === false) off.add("service_discovery");
  const found = ownPaths.flatMap((path): OwnPort[] => {
    const written = valueAt(value, path);
    const port = written ?? valueAt(sections, path);
    if (typeof port !== "number" || port === 0 || off.has(path[0])) return [];
    return [{ port, path, written: written !== undefined }];
  });
  const path = ["service_discovery", "registry_url"];
  const written = valueAt(value, path) !== undefined;
  const port = sections?.service_discovery.enabled === true ? registryPort(sections) : undefined;
  return port === undefined ? found : [...found, { port, path, written }];
}

/** Where a registry would be started; undefined when it can only be somewhere else. */
function registryPort({ service_discovery: { registry_url } }: FleetSections): number | undefined {
  const { hostname, port, protocol } = new URL(registry_url);
  const here = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return here ? Number(port || 80) : undefined;
}
