import { resolve } from "node:path";
import { TuskerError, tryDuration } from "../../kernel/index.ts";
import { didYouMean, type OutsideProblem } from "../../tsk/index.ts";
import { resolveCommand } from "../supervise/command.ts";
import { configProblems } from "./config-schema.ts";
import { startOrder } from "./graph.ts";
import { portConflicts } from "./port-conflicts.ts";
import { problem, valueAt } from "./problems.ts";
import type { FleetSections } from "./schema.ts";

/**
 * What no schema of one section can see: names that must exist elsewhere, cycles, ports used twice, required
 * configuration, commands that are not there. Works on the raw document, so that one run reports everything even
 * when some section is malformed.
 */
export function crossCheck(
  value: Readonly<Record<string, unknown>>,
  { root, sections, modules = true }: CheckOptions,
): readonly OutsideProblem[] {
  const services = mapOf(value.services);
  return [
    ...unknownServices(value, services),
    ...contradictoryTimeouts(value),
    ...dependencyProblems(value, services),
    ...portConflicts(value, sections),
    ...unknownPorts(value, services),
    ...missingConfig(services),
    ...configProblems(services, root, modules),
    ...missingCommands(services, root),
  ];
}

export interface CheckOptions {
  /** The folder of the fleet file. */
  readonly root: string;
  /** The sections with their defaults; undefined when one of them is malformed. */
  readonly sections: FleetSections | undefined;
  /** False where schemas that are modules may not be loaded; see `configProblems`. Default true. */
  readonly modules?: boolean;
}

function unknownServices(value: Readonly<Record<string, unknown>>, services: Services): OutsideProblem[] {
  const found: OutsideProblem[] = [];
  const look = (name: unknown, path: PropertyKey[], who: string): void => {
    if (typeof name !== "string" || Object.hasOwn(services, name)) return;
    found.push(
      problem(
        "FLEET_UNKNOWN_SERVICE",
        path,
        `${who} leads to "${name}", which [services] does not have`,
        help(name, services),
      ),
    );
  };
  // Fixed addresses make a service of their own: nobody else need know it.
  const fixed = Object.entries(mapOf(valueAt(value, ["gateway", "upstreams"])))
    .filter(([, upstream]) => valueAt(upstream, ["endpoints"]) !== undefined)
    .map(([name]) => name);
  for (const { path, route, at } of routesOf(value)) {
    for (const { name, key } of servicesOf(route))
      if (!fixed.includes(name)) look(name, [...at, ...key], `the route "${path}"`);
  }
  for (const name of Object.keys(mapOf(valueAt(value, ["gateway", "upstreams"]))))
    if (!fixed.includes(name)) look(name, ["gateway", "upstreams", name], "upstreams");
  return found;
}

/** Every route with its place, one by one, whether its path has one or a list. */
function routesOf(
  value: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly route: unknown; readonly at: readonly PropertyKey[] }[] {
  return Object.entries(mapOf(value.routes)).flatMap(([path, one]) =>
    Array.isArray(one)
      ? one.map((route: unknown, index) => ({ path, route, at: ["routes", path, index] }))
      : [{ path, route: one, at: ["routes", path] }],
  );
}

/** Every service a route names, and where. */
function servicesOf(route: unknown): { readonly name: string; readonly key: readonly PropertyKey[] }[] {
  const keys: readonly (readonly string[])[] = [["service"], ["fallback_service"], ["mirror", "service"]];
  const named = keys.flatMap((key) => {
    const name = valueAt(route, key);
    return typeof name === "string" ? [{ name, key }] : [];
  });
  const split = Object.keys(mapOf(valueAt(route, ["services"]))).map((name) => ({
    name,
    key: ["services", name],
  }));
  return [...named, ...split];
}

/** What a route says against what the gateway says. */
function contradictoryTimeouts(value: Readonly<Record<string, unknown>>): OutsideProblem[] {
  const whole = durationAt(value, ["gateway", "timeout"]) ?? 30_000;
  const connect = durationAt(value, ["gateway", "connect_timeout"]) ?? 0;
  const never = "is longer than the timeout of the gateway; it would never come to act";
  const gateway =
    connect <= whole
      ? []
      : [problem("FLEET_INVALID", ["gateway", "connect_timeout"], `connect_timeout ${never}`)];
  const routes = routesOf(value).flatMap(({ path, route, at }) => {
    const one = durationAt(route, ["try_timeout"]);
    if (one === undefined || valueAt(route, ["timeout"]) !== undefined || one <= whole) return [];
    return [
      problem("FLEET_INVALID", [...at, "try_timeout"], `try_timeout of the route "${path}" ${never}`, {
        help: "give the route a longer timeout of its own, or a shorter try_timeout",
      }),
    ];
  });
  return [...gateway, ...routes];
}

function durationAt(value: unknown, path: readonly string[]): number | undefined {
  const text = valueAt(value, path);
  return typeof text === "string" ? tryDuration(text) : undefined;
}

function dependencyProblems(value: Readonly<Record<string, unknown>>, services: Services): OutsideProblem[] {
  const externals = mapOf(value.externals);
  const names = Object.keys(services);
  const graph = dependencyGraph(services);
  const suspicious = new Map<string, boolean>();
  const found: OutsideProblem[] = [];
  for (const [service, dependencies] of graph) {
    for (const [index, name] of dependencies.entries()) {
      if (Object.hasOwn(services, name) || Object.hasOwn(externals, name)) continue;
      // Not everything a service needs is ours to start; but a name that is nearly one of ours is a slip.
      const slip =
        suspicious.get(name) ?? (name.endsWith("-service") || didYouMean(name, names) !== undefined);
      suspicious.set(name, slip);
      if (!slip) continue;
      const path = ["services", service, "dependencies", index];
      found.push(
        problem(
          "FLEET_UNKNOWN_SERVICE",
          path,
          `${service} depends on "${name}", which neither [services] nor [externals] has`,
          help(name, services),
        ),
      );
    }
  }
  const order = startOrder(graph);
  if ("cycle" in order) {
    const [from = "", to = ""] = order.cycle;
    const index = (graph.get(from) ?? []).indexOf(to);
    const path = ["services", from, "dependencies", index];
    found.push(
      problem("FLEET_CYCLE", path, `services wait for each other in a circle: ${order.cycle.join(" → ")}`, {
        help: "take one of these names out of its dependencies",
      }),
    );
  }
  return found;
}

/** Who depends on whom, as far as the document says it legibly. */
export function dependencyGraph(services: Services): Map<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>();
  for (const [name, service] of Object.entries(services)) {
    const list = valueAt(service, ["dependencies"]);
    graph.set(name, Array.isArray(list) ? list.filter((one): one is string => typeof one === "string") : []);
  }
  return graph;
}

/** Without a registry nobody can say which free port a service took. */
function unknownPorts(value: Readonly<Record<string, unknown>>, services: Services): OutsideProblem[] {
  if (valueAt(value, ["service_discovery", "enabled"]) !== false) return [];
  return Object.entries(services).flatMap(([name, service]) => {
    const port = valueAt(service, ["port"]);
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

function missingConfig(services: Services): OutsideProblem[] {
  const found: OutsideProblem[] = [];
  for (const [name, service] of Object.entries(services)) {
    const required = valueAt(service, ["required"]);
    for (const one of Array.isArray(required) ? required : []) {
      if (typeof one !== "string") continue;
      const path = ["services", name, "config", ...one.split(".")];
      const inside = valueAt(service, path.slice(2));
      if (inside === undefined || inside === null)
        found.push(problem("FLEET_REQUIRED", path, `${name} requires config.${one}, which has no value`));
    }
  }
  return found;
}

function missingCommands(services: Services, root: string): OutsideProblem[] {
  const found: OutsideProblem[] = [];
  for (const [name, service] of Object.entries(services)) {
    const run = valueAt(service, ["run"]);
    const port = valueAt(service, ["port"]);
    if (run === undefined && typeof service === "object" && (typeof port !== "number" || port === 0)) {
      found.push(
        problem(
          "FLEET_REQUIRED",
          ["services", name, "run"],
          `services.${name} has neither a command (run) to start it nor a port where it already runs`,
        ),
      );
    }
    if (typeof run !== "string") continue;
    const cwd = valueAt(service, ["cwd"]);
    try {
      resolveCommand(run, typeof cwd === "string" ? resolve(root, cwd) : root, []);
    } catch (error) {
      if (!(error instanceof TuskerError) || error.code !== "FLEET_COMMAND_MISSING") throw error;
      found.push(problem(error.code, ["services", name, "run"], error.message));
    }
  }
  return found;
}

type Services = Readonly<Record<string, unknown>>;

function mapOf(value: unknown): Services {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is Services {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function help(name: string, services: Services): { readonly help: string } {
  const near = didYouMean(name, Object.keys(services));
  return {
    help:
      near === undefined
        ? `services of this fleet: ${Object.keys(services).join(", ")}`
        : `did you mean "${near}"?`,
  };
}
