import { referencesIn, ServiceRef, tryServiceUrl } from "../../../kernel/index.ts";
import type { OutsideProblem } from "../../../tsk/index.ts";
import { configProblems } from "../config-schema.ts";
import { problem, valueAt } from "../problems.ts";
import type { FleetSections } from "../schema.ts";
import { missingCommands } from "./commands.ts";
import { field, mapOf, type Services } from "./fields.ts";
import { findCycle, type Graph } from "./graph.ts";
import { portConflicts } from "./port-conflicts.ts";
import {
  contradictoryAuth,
  contradictoryTimeouts,
  routesOf,
  unknownParameters,
  unreachableSlashes,
} from "./routes.ts";
import { unknownServices } from "./unknown-services.ts";

/**
 * What no schema of one section can see: names that must exist elsewhere, cycles, ports used twice, required
 * configuration, commands that are not there. Works on the raw document, so that one run reports everything even
 * when some section is malformed.
 */
export function crossCheck(
  value: Readonly<Record<string, unknown>>,
  { root, sections, modules = true, isWhole = true }: CheckOptions,
): readonly OutsideProblem[] {
  const services = mapOf(value.services);
  const routes = routesOf(value);
  return [
    ...unknownServices(value, { services, routes, isWhole }),
    ...contradictoryTimeouts(value, routes),
    ...unreachableSlashes(value, routes),
    ...contradictoryAuth(value, routes),
    ...unknownParameters(routes),
    ...circles(services),
    ...portConflicts(value, services, sections),
    ...unknownPorts(value, services),
    ...missingConfig(services),
    ...referencesWithoutText(value, services),
    ...configProblems(services, root, modules),
    ...missingCommands(services, root),
  ];
}

export interface CheckOptions {
  /** The folder of the fleet file. */
  readonly root: string;
  /** The sections with their defaults; undefined when one of them is wrong. */
  readonly sections: FleetSections | undefined;
  /** False where schemas that are modules may not be loaded, see `configProblems`; default true. */
  readonly modules?: boolean;
  /** False when some of the fleet's files could not be read; default true. */
  readonly isWhole?: boolean;
}

function circles(services: Services): OutsideProblem[] {
  const graph = dependencyGraph(services);
  const cycle = findCycle(graph);
  if (cycle === undefined) return [];
  const [from = "", to = ""] = cycle;
  const index = (graph.get(from) ?? []).indexOf(to);
  const path = ["services", from, "dependencies", index];
  const help = "take one of these names out of its dependencies";
  const message = `services wait for each other in a circle: ${cycle.join(" → ")}`;
  return [problem("FLEET_CYCLE", path, message, { help })];
}

/** Who depends on whom, as far as the document says it legibly. */
function dependencyGraph(services: Services): Graph {
  const graph = new Map<string, readonly string[]>();
  for (const name of Object.keys(services)) {
    const list = field(services[name], "dependencies");
    graph.set(name, Array.isArray(list) ? texts(list) : []);
  }
  return graph;
}

function texts(list: readonly unknown[]): readonly string[] {
  return list.every((one) => typeof one === "string")
    ? list
    : list.filter((one): one is string => typeof one === "string");
}

/** Without a registry nobody can say which free port a service took. */
function unknownPorts(value: Readonly<Record<string, unknown>>, services: Services): OutsideProblem[] {
  if (field(value.service_discovery, "enabled") !== false) return [];
  return Object.entries(services).flatMap(([name, service]) => {
    const port = field(service, "port");
    if (typeof port === "number" ? port !== 0 : typeof service === "string") return [];
    return [
      problem(
        "FLEET_REQUIRED",
        ["services", name, "port"],
        `service_discovery is off, so services.${name} needs a fixed port`,
      ),
    ];
  });
}

/** What reaches a process as a variable is text, and what every process is told is one address. */
function referencesWithoutText(
  value: Readonly<Record<string, unknown>>,
  services: Services,
): OutsideProblem[] {
  const found = Object.keys(services).flatMap((name) =>
    referencesIn(field(services[name], "env"))
      .filter(
        ({ port, path }) =>
          port !== undefined && !/:\d+$/.test(String(valueAt(services[name], ["env", ...path]))),
      )
      .map(({ path, name: meant }) =>
        problem(
          "FLEET_INVALID",
          ["services", name, "env", ...path],
          `a variable is text, and the address of ${meant} is known to the registry alone`,
          { help: "give the service a fixed port, or hand the reference on in config" },
        ),
      ),
  );
  const otlp = field(value.tracing, "otlp_endpoint");
  if (field(value.collector, "enabled") === false && (otlp instanceof ServiceRef || isServiceUrl(otlp)))
    found.push(
      problem(
        "FLEET_INVALID",
        ["tracing", "otlp_endpoint"],
        "otlp_endpoint must be an address where the collector is off: every process is told it",
      ),
    );
  return found;
}

function isServiceUrl(value: unknown): boolean {
  return typeof value === "string" && tryServiceUrl(value) !== undefined;
}

function missingConfig(services: Services): OutsideProblem[] {
  const found: OutsideProblem[] = [];
  for (const name of Object.keys(services)) {
    const required = field(services[name], "required");
    if (!Array.isArray(required)) continue;
    for (const [index, one] of required.entries()) {
      if (typeof one !== "string") continue;
      const path = ["services", name, "config", ...one.split(".")];
      const inside = valueAt(services[name], path.slice(2));
      if (inside !== undefined && inside !== null) continue;
      const also = [{ path: ["services", name, "required", index], message: "required here" }];
      const message = `${name} requires config.${one}, which has no value`;
      found.push(problem("FLEET_REQUIRED", path, message, { also }));
    }
  }
  return found;
}
