import type { OutsideProblem } from "../../../tsk/index.ts";
import { pathText, problem } from "../problems.ts";
import type { FleetSections } from "../schema.ts";
import { field, type Services } from "./fields.ts";
import { ownPorts } from "./own-ports.ts";

/**
 * Ports of this machine that two parts of the fleet would take, told where somebody wrote one. Of two that only defaults
 * ask for nothing is said: nobody could be shown what to change. Ports for gRPC that are counted make way (`grpcPorts`).
 *
 * @param sections with their defaults; undefined when one of them is wrong: then only what is written counts
 */
export function portConflicts(
  value: Readonly<Record<string, unknown>>,
  services: Services,
  sections: FleetSections | undefined,
): OutsideProblem[] {
  const users = new Map<number, readonly string[]>();
  const defaults = new Set<number>();
  const found: OutsideProblem[] = [];
  const use = (port: unknown, ...path: readonly string[]): void => {
    if (typeof port !== "number" || port === 0) return;
    const other = users.get(port);
    if (other === undefined) users.set(port, path);
    else
      found.push(
        problem(
          "FLEET_PORT_CONFLICT",
          path,
          `port ${port} is used twice: by ${pathText(other)}${defaults.has(port) ? " (its default)" : ""} and by ${pathText(path)}`,
          { help: "give one of them another port, or 0 for any free one" },
        ),
      );
  };
  const own = ownPorts(value, sections);
  for (const { port, path, written } of own) {
    if (written) continue;
    users.set(port, path);
    defaults.add(port);
  }
  for (const { port, path, written } of own) if (written) use(port, ...path);
  for (const [name, service] of Object.entries(services)) {
    // A service that already runs elsewhere may well use the same number.
    if (field(service, "run") === undefined) continue;
    use(field(service, "port"), "services", name, "port");
    use(field(service, "grpc_port"), "services", name, "grpc_port");
  }
  return found;
}
