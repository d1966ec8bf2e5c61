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
  demand(access.can("service", name, "write"), `service:write on ${name}`);
}

/** @throws TuskerError REGISTRY_INVALID, 403 */
export function demandNode(access: Access, name: string): void {
  demand(access.can("node", name, "write"), `node:write on ${name}`);
}

/** The instance, a check belongs to it, else the node: who may write it may write the check. */
export function demandOwner(access: Access, tables: Tables, node: string, serviceId: string): void {
  const service = serviceId === "" ? undefined : tables.service(node, serviceId);
  if (service === undefined) demandNode(access, node);
  else demandService(access, service.name);
}

/** That somebody may make these changes, which are of the catalog. @throws TuskerError REGISTRY_INVALID, 403 */
export function demandChanges(access: Access, tables: Tables, changes: readonly Change[]): void {
  // An instance that is new in this very transaction may be named by a check in it.
  const names = new Map<string, string>();
  for (const change of changes) {
    if (change.kind === "service") names.set(change.service.id, change.service.name);
    demandChange(access, tables, names, change);
  }
}

function demandChange(
  access: Access,
  tables: Tables,
  names: ReadonlyMap<string, string>,
  change: Change,
): void {
  switch (change.kind) {
    case "node":
      demandNode(access, change.node.name);
      break;
    case "node-gone":
      demandNode(access, change.name);
      break;
    case "service":
      demandService(access, change.service.name);
      if (tables.service(change.service.node, change.service.id) !== undefined) {
        demandOwner(access, tables, change.service.node, change.service.id);
      }
      break;
    case "service-gone":
      demandOwner(access, tables, change.node, change.id);
      break;
    case "check": {
      const { node, id, serviceId } = change.check;
      const name = names.get(serviceId);
      if (name !== undefined) demandService(access, name);
      else demandOwner(access, tables, node, serviceId);
      // Taking over a check of another instance takes it away from that.
      const before = tables.check(node, id);
      if (before !== undefined) demandOwner(access, tables, node, before.serviceId);
      break;
    }
    case "check-gone":
      demandOwner(access, tables, change.node, tables.check(change.node, change.id)?.serviceId ?? "");
      break;
    default:
      demand(access.management);
  }
}
