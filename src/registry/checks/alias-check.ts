import type { CheckSpec } from "../state/model.ts";
import type { Applied, Tables } from "../state/tables.ts";
import type { ProbeResult } from "./probe.ts";

type AliasSpec = Extract<CheckSpec, { kind: "alias" }>;

/** A check that is as well as another instance or node. */
export interface AliasCheck extends Disposable {
  /** What the tables changed; it looks again when that may concern it. */
  follow(changes: Applied["changes"]): void;
}

/** What an alias says: nothing new, or another status, or the same in other words. */
export interface AliasOptions {
  readonly tables: Tables;
  /** Node and instance the check belongs to: it is no judge of itself. */
  readonly node: string;
  readonly serviceId: string;
  readonly report: (result: ProbeResult) => void;
}

/**
 * The worst of the checks of an instance, by its id, or of a node without one. Looks after each transaction that
 * touched them, once it is through: a change within a change would come in the wrong order.
 */
export function aliasCheck(spec: AliasSpec, options: AliasOptions): AliasCheck {
  const node = spec.node || options.node;
  let ended = false;
  let planned = false;
  const look = (): void => {
    planned = false;
    if (!ended) options.report(lookAt(spec, node, options));
  };
  const plan = (): void => {
    if (planned) return;
    planned = true;
    queueMicrotask(look);
  };
  plan();
  return {
    follow(changes) {
      if (changes.some((change) => concerns(change, node, spec.service))) plan();
    },
    [Symbol.dispose]() {
      ended = true;
    },
  };
}

function concerns(change: Applied["changes"][number], node: string, service: string): boolean {
  switch (change.kind) {
    case "check":
      return (
        change.check.node === node && (change.check.serviceId === service || change.check.serviceId === "")
      );
    // Which instance a check that is gone belonged to is no longer known.
    case "check-gone":
      return change.node === node;
    case "service":
      return change.service.node === node && change.service.id === service;
    case "service-gone":
      return change.node === node && change.id === service;
    case "node":
      return change.node.name === node;
    case "node-gone":
      return change.name === node;
    default:
      return false;
  }
}

function lookAt(spec: AliasSpec, node: string, { tables, node: own, serviceId }: AliasOptions): ProbeResult {
  if (tables.node(node) === undefined)
    return { status: "critical", output: `Node ${node} could not be found` };
  if (spec.service !== "" && tables.service(node, spec.service) === undefined) {
    return { status: "critical", output: `Service ${spec.service} could not be found on node ${spec.node}` };
  }
  const itself = node === own && spec.service === serviceId;
  const checks = itself ? [] : tables.checksOf(node, spec.service);
  // Checks of a node decide over what is on another node as well; on its own they decide over the alias anyway.
  const all = node === own || spec.service === "" ? checks : [...tables.checksOf(node, ""), ...checks];
  if (all.length === 0) return { status: "passing", output: "No checks found." };
  for (const status of ["critical", "warning"] as const) {
    const failing = all.find((check) => check.status === status);
    if (failing === undefined) continue;
    return { status, output: `Aliased check "${failing.name}" failing: ${failing.output}` };
  }
  return { status: "passing", output: "All checks passing." };
}
