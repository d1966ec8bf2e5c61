import type { OutsideProblem } from "../../../tsk/index.ts";
import { pathText, problem, valueAt } from "../problems.ts";
import type { FleetSections } from "../schema.ts";
import { field, type Services } from "./fields.ts";

/**
 * Ports of this machine that two parts of the fleet would take, told where somebody wrote one. Of two that only defaults
 * ask for nothing is said: nobody could be shown what to change.
 *
 * @param sections with their defaults; undefined when one of them is wrong: then only what is written counts
 */
export function portConflicts(
  value: Readonly<Record<string, unknown>>,
  services: Services,
  sections: FleetSections | undefined,
): OutsideProblem[] {
  const names = Object.keys(services);
  const counted =
    sections?.grpc.enabled === true && sections.grpc.port !== 0 ? sections.grpc.port : undefined;
  const users = new Map<number, string>();
  const found: OutsideProblem[] = [];
  const use = (port: unknown, ...path: readonly string[]): void => {
    if (typeof port !== "number" || port === 0) return;
    const other =
      users.get(port) ?? (counted === undefined ? undefined : userOf(names[port - counted], services));
    if (other === undefined) users.set(port, pathText(path));
    else
      found.push(
        problem(
          "FLEET_PORT_CONFLICT",
          path,
          `port ${port} is used twice: by ${other} and by ${pathText(path)}`,
          { help: "give one of them another port, or 0 for any free one" },
        ),
      );
  };
  const own = ownPorts(value, sections);
  for (const { port, path, written } of own) if (!written) users.set(port, `${pathText(path)} (its default)`);
  for (const { port, path, written } of own) if (written) use(port, ...path);
  for (const name of names) {
    const service = services[name];
    // A service that already runs elsewhere may well use the same number.
    if (field(service, "run") === undefined) continue;
    use(field(service, "port"), "services", name, "port");
    use(field(service, "grpc_port"), "services", name, "grpc_port");
  }
  return found;
}

const ownPaths = [
  ["gateway", "port"],
  ["gateway", "admin_port"],
  ["control", "port"],
  ["collector", "otlp_port"],
  ["collector", "zipkin_port"],
  ["collector", "jaeger_port"],
  ["service_discovery", "dns_port"],
] as const;

interface OwnPort {
  readonly port: number;
  readonly path: readonly string[];
  readonly written: boolean;
}

/** What Tusker itself listens on. The collector and the registry make room for strangers, not for services of ours. */
function ownPorts(value: Readonly<Record<string, unknown>>, sections: FleetSections | undefined): OwnPort[] {
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

/** Who counts its gRPC port from that of `[grpc]`; undefined for a service that does not. */
function userOf(name: string | undefined, services: Services): string | undefined {
  if (name === undefined || field(services[name], "run") === undefined) return undefined;
  if (field(services[name], "grpc_port") !== undefined) return undefined;
  return `${pathText(["services", name, "grpc_port"])} (its default)`;
}
