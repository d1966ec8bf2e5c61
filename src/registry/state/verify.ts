import { TuskerError } from "../../kernel/index.ts";
import type { Change } from "./model.ts";

/** What the rule needs to see of the tables. */
export interface Existing {
  node(name: string): unknown;
  service(node: string, id: string): unknown;
}

/**
 * An instance needs its node and a check its instance, counting what earlier steps of the same transaction add or
 * remove. Checked before the first step, so that a transaction happens as a whole or not at all.
 *
 * @throws TuskerError REGISTRY_UNKNOWN
 */
export function verifyReferences(existing: Existing, changes: readonly Change[]): void {
  const nodes = new Map<string, boolean>();
  const services = new Map<string, boolean>();
  const emptied = new Set<string>();
  const hasNode = (name: string): boolean => nodes.get(name) ?? existing.node(name) !== undefined;
  const hasService = (node: string, id: string): boolean => {
    if (!hasNode(node)) return false;
    return services.get(`${node}\0${id}`) ?? (!emptied.has(node) && existing.service(node, id) !== undefined);
  };

  for (const change of changes) {
    switch (change.kind) {
      case "node":
        nodes.set(change.node.name, true);
        break;
      case "node-gone":
        nodes.set(change.name, false);
        emptied.add(change.name);
        for (const key of services.keys()) if (key.startsWith(`${change.name}\0`)) services.set(key, false);
        break;
      case "service":
        if (!hasNode(change.service.node))
          throw missing("failed inserting service: Missing node registration");
        services.set(`${change.service.node}\0${change.service.id}`, true);
        break;
      case "service-gone":
        services.set(`${change.node}\0${change.id}`, false);
        break;
      case "check":
        verifyCheck(change.check, hasNode, hasService);
        break;
      case "check-gone":
      // Keys and sessions are checked by the operations on them, which read before they write.
      case "session":
      case "session-gone":
      case "kv":
      case "kv-gone":
      case "version":
      case "version-gone":
        break;
      default:
        change satisfies never;
    }
  }
}

function verifyCheck(
  check: { readonly node: string; readonly serviceId: string },
  hasNode: (name: string) => boolean,
  hasService: (node: string, id: string) => boolean,
): void {
  if (!hasNode(check.node)) throw missing("failed inserting check: Missing node registration");
  if (check.serviceId !== "" && !hasService(check.node, check.serviceId)) {
    throw missing(`failed inserting check: Missing service registration on node "${check.node}"`);
  }
}

function missing(text: string): TuskerError {
  return new TuskerError("REGISTRY_UNKNOWN", text, { details: { status: 500 } });
}
