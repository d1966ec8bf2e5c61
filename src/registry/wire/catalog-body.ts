import type { Change, Check, Service } from "../state/model.ts";
import { statusOf } from "./check-body.ts";
import { anything, type Fields, fields, flag, list, onlyOne, record, text, whole } from "./decode.ts";
import { refusal } from "./refusal.ts";
import { checkMeta } from "./service-body.ts";

/** A registration of somebody else's node, instance or checks, as written. */
export interface CatalogBody {
  ID: string;
  Node: string;
  Address: string;
  Datacenter: string;
  TaggedAddresses: Record<string, string>;
  NodeMeta: Record<string, string>;
  Service: Partial<CatalogServiceBody>;
  Check: Partial<CatalogCheckBody>;
  Checks: Partial<CatalogCheckBody>[];
  SkipNodeUpdate: boolean;
  WriteRequest: unknown;
  Namespace: string;
  Partition: string;
}

/** An instance as written. */
export interface CatalogServiceBody {
  ID: string;
  Service: string;
  Tags: string[];
  Address: string;
  TaggedAddresses: Record<string, Partial<{ Address: string; Port: number }>>;
  Meta: Record<string, string>;
  Port: number;
  Weights: Partial<{ Passing: number; Warning: number }>;
  EnableTagOverride: boolean;
  Namespace: string;
}

/** A check as written. */
export interface CatalogCheckBody {
  Node: string;
  CheckID: string;
  Name: string;
  Status: string;
  Notes: string;
  Output: string;
  ServiceID: string;
  ServiceName: string;
  ServiceTags: string[];
  Type: string;
  Definition: Record<string, unknown>;
  Namespace: string;
}

/** What to remove: the instance, else the check, else the whole node. */
export interface DeregisterBody {
  Node: string;
  Address: string;
  Datacenter: string;
  ServiceID: string;
  CheckID: string;
  Namespace: string;
  Partition: string;
}

/** Its keys. */
export const serviceFields: Fields<CatalogServiceBody> = {
  ID: text,
  Service: text,
  Tags: list(text),
  Address: text,
  TaggedAddresses: record(fields<{ Address: string; Port: number }>({ Address: text, Port: whole })),
  Meta: record(text),
  Port: whole,
  Weights: fields<{ Passing: number; Warning: number }>({ Passing: whole, Warning: whole }),
  EnableTagOverride: flag,
  Namespace: onlyOne,
};

/** Its keys. */
export const checkFields: Fields<CatalogCheckBody> = {
  Node: text,
  CheckID: text,
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  ServiceName: text,
  ServiceTags: list(text),
  Type: text,
  Definition: record(anything),
  Namespace: onlyOne,
};

const check = fields(checkFields);

/** Reads the body of a catalog registration. */
export const readCatalogBody = fields<CatalogBody>({
  ID: text,
  Node: text,
  Address: text,
  Datacenter: text,
  TaggedAddresses: record(text),
  NodeMeta: record(text),
  Service: fields(serviceFields),
  Check: check,
  Checks: list(check),
  SkipNodeUpdate: flag,
  WriteRequest: anything,
  Namespace: onlyOne,
  Partition: onlyOne,
});

/** Reads the body of a catalog deregistration. */
export const readDeregisterBody = fields<DeregisterBody>({
  Node: text,
  Address: text,
  Datacenter: text,
  ServiceID: text,
  CheckID: text,
  Namespace: onlyOne,
  Partition: onlyOne,
});

/**
 * The transaction a catalog registration asks for.
 *
 * @param known the node is registered already
 * @throws TuskerError REGISTRY_INVALID, 500
 */
export function toChanges(body: Partial<CatalogBody>, known: boolean): Change[] {
  const { Node: node = "", Address: address = "", SkipNodeUpdate: skip = false } = body;
  if (node === "") throw refusal(500, "Must provide node");
  if (address === "" && !skip) throw refusal(500, "Must provide address if SkipNodeUpdate is not set");
  const { ID: id = "" } = body;
  refuseNodeId(id);
  if (body.NodeMeta !== undefined) checkMeta(body.NodeMeta, "Invalid node metadata", 500);
  const changes: Change[] = [];
  if (!skip || !known) {
    changes.push({
      kind: "node",
      node: { name: node, id, address, taggedAddresses: body.TaggedAddresses, meta: body.NodeMeta },
    });
  }
  const service = body.Service === undefined ? undefined : toService(node, body.Service);
  if (service !== undefined) changes.push({ kind: "service", service });
  const checks = [...(body.Check === undefined ? [] : [body.Check]), ...(body.Checks ?? [])];
  for (const written of checks) changes.push({ kind: "check", check: toCheck(node, written) });
  return changes;
}

/** @throws TuskerError REGISTRY_INVALID, 500 */
export function refuseNodeId(id: string): void {
  if (id === "" || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return;
  throw refusal(
    500,
    `Bad node ID: ${id.length === 36 ? "uuid is improperly formatted" : "uuid string is wrong length"}`,
  );
}

/** The transaction a catalog deregistration asks for. @throws TuskerError REGISTRY_INVALID, 500 */
export function toRemoval(body: Partial<DeregisterBody>): Change[] {
  const { Node: node = "", CheckID = "", ServiceID = "" } = body;
  if (node === "") throw refusal(500, "Must provide node");
  if (ServiceID !== "") return [{ kind: "service-gone", node, id: ServiceID }];
  if (CheckID !== "") return [{ kind: "check-gone", node, id: CheckID }];
  return [{ kind: "node-gone", name: node }];
}

/** The instance a body describes; undefined without a name. @throws TuskerError REGISTRY_INVALID, 500 */
export function toService(node: string, body: Partial<CatalogServiceBody>): Service | undefined {
  const name = body.Service ?? "";
  if (name === "" && (body.ID ?? "") !== "") throw refusal(500, "Must provide service name with ID");
  if (name === "") return undefined;
  const id = body.ID || name;
  if (body.Meta !== undefined) {
    checkMeta(
      body.Meta,
      `failed inserting service: Invalid Service Meta for node ${node} and serviceID ${id}`,
      500,
    );
  }
  const port = body.Port ?? 0;
  if (port < 0 || port > 65_535) throw refusal(500, `Invalid service port ${port}`);
  const tagged = Object.entries(body.TaggedAddresses ?? {});
  return {
    node,
    id,
    name,
    tags: body.Tags ?? [],
    address: body.Address ?? "",
    port,
    meta: body.Meta,
    weights: { passing: body.Weights?.Passing || 1, warning: body.Weights?.Warning || 1 },
    enableTagOverride: body.EnableTagOverride ?? false,
    taggedAddresses:
      tagged.length === 0
        ? undefined
        : Object.fromEntries(
            tagged.map(([key, at]) => [key, { address: at.Address ?? "", port: at.Port ?? 0 }]),
          ),
  };
}

/** The check a body describes. @throws TuskerError REGISTRY_INVALID, 500 */
export function toCheck(node: string, body: Partial<CatalogCheckBody>): Check {
  if ((body.Node ?? node) !== node && body.Node !== "") {
    throw refusal(500, `check node "${body.Node}" does not match node "${node}"`);
  }
  const { CheckID = "", Name = "", Status = "" } = body;
  return {
    node,
    id: CheckID || Name,
    name: Name,
    // Text that is no status must not take an instance into service.
    status: statusOf(Status) ?? "critical",
    notes: body.Notes ?? "",
    output: body.Output ?? "",
    serviceId: body.ServiceID ?? "",
    serviceName: "",
    serviceTags: [],
    type: body.Type ?? "",
    // An empty one is how none is told.
    definition: Object.keys(body.Definition ?? {}).length === 0 ? undefined : body.Definition,
  };
}
