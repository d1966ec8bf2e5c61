import type { OutsideProblem } from "../../tsk/index.ts";
import { pathText, problem, valueAt } from "./problems.ts";
import type { FleetSections } from "./schema.ts";

/** Somebody who takes a port. */
interface User {
  readonly port: number;
  readonly path: readonly PropertyKey[];
  /** False for a port that only a default asks for. */
  readonly written: boolean;
}

/**
 * Ports of this machine that two parts of the fleet would take. Of two that are not written, nothing is said: nobody
 * could be shown what to change.
 *
 * @param sections with their defaults; undefined when the document is not right, then only what is written counts
 */
export function portConflicts(
  value: Readonly<Record<string, unknown>>,
  sections: FleetSections | undefined,
): OutsideProblem[] {
  const users = [...ownPorts(value, sections), ...servicePorts(value, sections)];
  const first = new Map<number, User>();
  for (const user of users) if (!user.written) first.set(user.port, user);
  return users.flatMap((user) => {
    if (!user.written) return [];
    const other = first.get(user.port);
    if (other !== undefined) return [conflict(user, other)];
    first.set(user.port, user);
    return [];
  });
}

function conflict(user: User, other: User): OutsideProblem {
  const taken = `${pathText(other.path)}${other.written ? "" : " (its default)"}`;
  return problem(
    "FLEET_PORT_CONFLICT",
    user.path,
    `port ${user.port} is used twice: by ${taken} and by ${pathText(user.path)}`,
    { help: "give one of them another port, or 0 for any free one" },
  );
}

const paths = [
  ["gateway", "port"],
  ["gateway", "admin_port"],
  ["control", "port"],
  ["collector", "otlp_port"],
  ["collector", "zipkin_port"],
  ["collector", "jaeger_port"],
] as const;

/** What Tusker's own parts listen on. The collector and a registry make room for strangers, not for our own services. */
function ownPorts(value: unknown, sections: FleetSections | undefined): User[] {
  const collects = sections?.collector.enabled !== false && sections?.tracing.enabled !== false;
  const found = paths.flatMap((path) => {
    if (path[0] === "collector" && !collects) return [];
    return userAt([...path], value, sections);
  });
  if (sections?.service_discovery.enabled !== true) return found;
  const { registry_url } = sections.service_discovery;
  const { hostname, port, protocol } = new URL(registry_url);
  const here = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (!here) return found;
  const path = ["service_discovery", "registry_url"];
  const written = valueAt(value, path) !== undefined;
  return [
    ...found,
    { port: Number(port || 80), path, written },
    ...userAt(["service_discovery", "dns_port"], value, sections),
  ];
}

function servicePorts(value: Readonly<Record<string, unknown>>, sections: FleetSections | undefined): User[] {
  const services = Object.entries(Object(value.services) as Readonly<Record<string, unknown>>);
  return services.flatMap(([name, service], index) => {
    // One that already runs elsewhere may well use the same number.
    if (valueAt(service, ["run"]) === undefined) return [];
    const grpc = userAt(["services", name, "grpc_port"], value, undefined);
    const { enabled = false, port = 0 } = sections?.grpc ?? {};
    const counted = { port: port + index, path: ["services", name, "grpc_port"], written: false };
    return [
      ...userAt(["services", name, "port"], value, undefined),
      ...(grpc.length === 0 && enabled && port !== 0 ? [counted] : grpc),
    ];
  });
}

function userAt(
  path: readonly string[],
  value: unknown,
  sections: FleetSections | undefined,
): readonly User[] {
  const own = valueAt(value, path);
  const port = own ?? valueAt(sections, path);
  if (typeof port !== "number" || port === 0) return [];
  return [{ port, path, written: own !== undefined }];
}
