import { gatewayRestartKeys } from "../../../gateway/section.ts";

/** What a change of the configuration asks of something that runs. */
export interface Effect {
  /** `reload` takes the change over while it runs; `none` is read when something starts the next time. */
  readonly action: "start" | "stop" | "restart" | "reload" | "none";
  /** A service, the gateway, or the fleet: the supervisor with registry, collector and control, and so all of it. */
  readonly of: "service" | "gateway" | "fleet";
  /** The name of the service. */
  readonly name?: string;
  /** What was changed. */
  readonly paths: readonly Path[];
}

type Path = readonly string[];

/**
 * What a change would start, stop, restart or reload: the greatest effect on each, in that order, the fleet first and
 * services in the order of their names.
 *
 * @param changed paths of values that differ
 * @param before names of the services that run
 * @param after names of the services that would
 */
export function effectsOf(
  changed: readonly Path[],
  before: readonly string[],
  after: readonly string[],
): readonly Effect[] {
  const found = new Map<
    string,
    { action: Effect["action"]; of: Effect["of"]; name?: string; paths: Path[] }
  >();
  const add = (action: Effect["action"], of: Effect["of"], path: Path, name?: string): void => {
    const key = `${of} ${name ?? ""}`;
    const known = found.get(key);
    if (known === undefined)
      found.set(key, { action, of, ...(name === undefined ? {} : { name }), paths: [path] });
    else {
      if (rank.indexOf(action) < rank.indexOf(known.action)) known.action = action;
      if (known.paths.at(-1) !== path) known.paths.push(path);
    }
  };
  const kept = after.filter((name) => before.includes(name));
  for (const path of changed) {
    const [section = "", name = "", key = ""] = path;
    if (section === "services") add(serviceAction(name, key, before, after), "service", path, name);
    else if (section === "gateway") add(gatewayAction(name), "gateway", path);
    else if (section === "routes") add("reload", "gateway", path);
    else if (section === "grpc" || section === "api_communication" || section === "tracing") {
      // Each service is told these with its own configuration; the gateway forwards by REST alone.
      for (const service of kept) add("restart", "service", path, service);
      if (section !== "grpc") add("restart", "gateway", path);
    } else add(section === "externals" || name === "try" ? "none" : "restart", "fleet", path);
  }
  const order = (one: Effect): string => `${parts.indexOf(one.of)} ${one.name ?? ""}`;
  return [...found.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** The greatest first. */
const rank: readonly Effect["action"][] = ["start", "stop", "restart", "reload", "none"];
const parts: readonly Effect["of"][] = ["fleet", "gateway", "service"];

function serviceAction(
  name: string,
  key: string,
  before: readonly string[],
  after: readonly string[],
): Effect["action"] {
  if (!before.includes(name)) return "start";
  if (!after.includes(name)) return "stop";
  return atNextStart.has(key) ? "none" : "restart";
}

/** What only starting asks about. */
const atNextStart = new Set(["dependencies", "required", "schema"]);

function gatewayAction(key: string): Effect["action"] {
  const fixed: readonly string[] = gatewayRestartKeys;
  return fixed.includes(key) ? "restart" : "reload";
}
