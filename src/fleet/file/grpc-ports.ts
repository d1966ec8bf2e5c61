import { ownPorts } from "./check/own-ports.ts";
import type { FleetSections } from "./schema.ts";

const lastPort = 65_535;

/**
 * The port of each service for gRPC: what it names itself, else counted from `[grpc] port` in the order of the file,
 * past every port that another part of the fleet uses. Past the last there is, the system chooses (0).
 *
 * @param names of the services, in the order of the file
 */
export function grpcPorts(names: readonly string[], sections: FleetSections): ReadonlyMap<string, number> {
  const services = names.flatMap((name) => sections.services[name] ?? []);
  const taken = new Set([
    ...ownPorts({}, sections).map(({ port }) => port),
    ...services.flatMap(({ port, grpc_port }) => [port, grpc_port ?? 0]),
  ]);
  const base = sections.grpc.port;
  let passed = 0;
  const counted = (index: number): number => {
    while (taken.has(base + index + passed)) passed++;
    const port = base + index + passed;
    return base === 0 || port > lastPort ? 0 : port;
  };
  return new Map(names.map((name, index) => [name, sections.services[name]?.grpc_port ?? counted(index)]));
}
