import type { Access, Resource } from "../acl/access.ts";
import type { Change } from "../state/model.ts";
import type { Tables } from "../state/tables.ts";
import { refusal } from "./refusal.ts";

/** What a guard sees of a request. */
export interface Guarded {
  readonly access: Access;
  readonly rest: string;
  readonly query: URLSearchParams;
}

/**
 * Who may use an endpoint, when rules are in force: anybody, also who shows a token nobody knows; who the endpoint
 * itself lets, by what it shows and takes; or whom a question is answered yes. An endpoint without a guard is for
 * tokens of management alone.
 */
export type Guard = "anybody" | "inside" | ((request: Guarded) => boolean);

/** For who may do something to what the path names. */
export function toNamed(resource: Resource, wanted: "read" | "write"): Guard {
  return ({ access, rest }) => access.can(resource, rest, wanted);
}

/** @throws TuskerError REGISTRY_INVALID, 403, in the words clients know */
export function demand(allowed: boolean, missing: string = ""): void {
  if (!allowed) throw refusal(403, `Permission denied${missing === "" ? "" : `: Missing ${missing}`}`);
}

/** @throws TuskerError REGISTRY_INVALID, 403 */
export function demandService(access: Access, name: string): void {
  const missing = missingService(access, name);
  demand(missing === undefined, missing);
}

/** The instance, a check belongs to it, else the node: who may write it may write the check. */
export function demandOwner(access: Access, tables: Tables, node: string, serviceId: string): void {
  const missing = missingOwner(access, tables, node, serviceId);
  demand(missing === undefined, missing);
}

/** What somebody would need to make these changes, which are of the catalog; undefined: nothing more. */
export function missingFor(access: Access, tables: Tables, changes: readonly Change[]): string | undefined {
  // An instance that is new in this very transaction may be named by a check in it.
  const names = new Map<string, string>();
  for (const change of changes) {
    if (change.kind === "service") names.set(change.service.id, change.service.name);
    const missing = missingForOne(access, tables, names, change);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function missingForOne(
  access: Access,
  tables: Tables,
  names: ReadonlyMap<string, string>,
  change: Change,
): string | undefined {
  const owner = (node: string, id: string) => missingOwner(access, tables, node, id);
  switch (change.kind) {
    case "node":
      return missingNode(access, change.node.name);
    case "node-gone":
      return missingNode(access, change.name);
    case "service": {
      const { node, id, name } = change.service;
      const known = tables.service(node, id) !== undefined;
      return missingService(access, name) ?? (known ? owner(node, id) : undefined);
    }
    case "service-gone":
      return owner(change.node, change.id);
    case "check": {
      const { node, id, serviceId } = change.check;
      const name = names.get(serviceId);
      // Taking over a check of another instance takes it away from that.
      const before = tables.check(node, id);
      return (
        (name === undefined ? owner(node, serviceId) : missingService(access, name)) ??
        (before === undefined ? undefined : owner(node, before.serviceId))
      );
    }
    case "check-gone":
      return owner(change.node, tables.check(change.node, change.id)?.serviceId ?? "");
    default:
      return access.management ? undefined : "management";
  }
}

function missingOwner(access: Access, tables: Tables, node: string, serviceId: string): string | undefined {
  const service = serviceId === "" ? undefined : tables.service(node, serviceId);
  return service === undefined ? missingNode(access, node) : missingService(access, service.name);
}

function missingService(access: Access, name: string): string | undefined {
  return access.can("service", name, "write") ? undefined : `service:write on ${name}`;
}

function missingNode(access: Access, name: string): string | undefined {
  return access.can("node", name, "write") ? undefined : `node:write on ${name}`;
}
