import type { DependencyView, EventView, FleetView, InstanceView } from "../src/control/api.ts";
import { type State, serviceState, wordOf } from "./state.ts";

/** The gateway's name on the map, in logs and in traces. */
export const gatewayName = "gateway";

/** Something that calls or is called. */
export interface MapNode {
  readonly name: string;
  readonly kind: "gateway" | "service" | "external" | "other";
  readonly state: State;
  /** The state in words, with the address where there is one. */
  readonly says: string;
}

/** Who may call whom by the file, and who did by the traces. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly calls: number;
  readonly errors: number;
}

export interface SystemMap {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
  /** The same text as long as the same things are connected: the picture need not be laid out anew. */
  readonly shape: string;
}

/** Everything the map shows: declared in the file, or seen in traces. */
export function systemMap(
  fleet: FleetView,
  dependencies: readonly DependencyView[],
  events: readonly EventView[],
): SystemMap {
  const nodes = new Map<string, MapNode>();
  const add = (node: MapNode): void => void (nodes.has(node.name) || nodes.set(node.name, node));
  if (fleet.routes.length > 0 || fleet.gateway !== undefined) add(gatewayNode(fleet));
  for (const service of fleet.services) {
    const state = serviceState(service);
    add({
      name: service.name,
      kind: "service",
      state,
      says: saysOf(state, service.instances),
    });
  }
  for (const external of fleet.externals) add(externalNode(external, events));
  for (const name of dependencies.flatMap(({ caller, callee }) => [caller, callee]))
    add({ name, kind: "other", state: "elsewhere", says: "seen in traces" });
  const edges = new Map<string, MapEdge>();
  const connect = (edge: MapEdge): void => {
    if (nodes.has(edge.from) && nodes.has(edge.to) && edge.from !== edge.to)
      edges.set(`${edge.from} ${edge.to}`, edge);
  };
  for (const { service } of fleet.routes) connect({ from: gatewayName, to: service, calls: 0, errors: 0 });
  for (const service of fleet.services)
    for (const to of service.dependencies) connect({ from: service.name, to, calls: 0, errors: 0 });
  for (const { caller, callee, calls, errors } of dependencies)
    connect({ from: caller, to: callee, calls, errors });
  return {
    nodes: [...nodes.values()],
    edges: [...edges.values()],
    shape: JSON.stringify([[...nodes.keys()], [...edges.keys()].sort()]),
  };
}

function gatewayNode({ gatewayProcess }: FleetView): MapNode {
  const { state } = gatewayProcess;
  return { name: gatewayName, kind: "gateway", state, says: saysOf(state, [gatewayProcess]) };
}

function externalNode(
  { name, address }: FleetView["externals"][number],
  events: readonly EventView[],
): MapNode {
  const last = events.find((event) => event.type === "external" && event.external === name);
  if (address === undefined) return { name, kind: "external", state: "assumed", says: "assumed to be there" };
  const state = last === undefined ? "assumed" : last.reachable === true ? "reachable" : "unreachable";
  return {
    name,
    kind: "external",
    state,
    says: state === "reachable" ? address : `${state} · ${address}`,
  };
}

function saysOf(state: State, instances: readonly InstanceView[]): string {
  const [only] = instances;
  const word = wordOf(state, instances);
  if (only === undefined) return state === "elsewhere" ? "runs elsewhere" : word;
  if (instances.length === 1) return only.port === undefined ? word : `${word} · :${only.port}`;
  return `${word} · ${instances.filter((one) => one.state === "ready").length} of ${instances.length}`;
}
