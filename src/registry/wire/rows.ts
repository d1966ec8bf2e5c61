import { isMaintenanceCheck } from "../agent.ts";
import type { CheckRow, CheckStatus, KvRow, NodeRow, ServiceRow } from "../state/model.ts";
import type { Tables } from "../state/tables.ts";

/** Rows as the wire writes them: names, order and the little differences between its endpoints. */

/** A node. */
export function nodeJson(row: NodeRow, datacenter: string): object {
  return {
    ID: row.id,
    Node: row.name,
    Address: row.address,
    Datacenter: datacenter,
    TaggedAddresses: row.taggedAddresses ?? null,
    Meta: row.meta ?? null,
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** An instance, as nested in answers about health and nodes. */
export function serviceJson(row: ServiceRow): object {
  return {
    ID: row.id,
    Service: row.name,
    Tags: row.tags,
    Address: row.address,
    ...taggedJson("TaggedAddresses", row),
    Meta: row.meta ?? null,
    Port: row.port,
    Weights: weightsJson(row),
    EnableTagOverride: row.enableTagOverride,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** An instance, as its own agent shows it. */
export function agentServiceJson(row: ServiceRow): object {
  return {
    ID: row.id,
    Service: row.name,
    Tags: row.tags,
    Meta: row.meta ?? {},
    Port: row.port,
    Address: row.address,
    ...taggedJson("TaggedAddresses", row),
    Weights: weightsJson(row),
    EnableTagOverride: row.enableTagOverride,
  };
}

/** An instance with its node in one flat row, as the catalog shows it. */
export function catalogJson(node: NodeRow, row: ServiceRow, datacenter: string): object {
  return {
    ID: node.id,
    Node: node.name,
    Address: node.address,
    Datacenter: datacenter,
    TaggedAddresses: node.taggedAddresses ?? null,
    NodeMeta: node.meta ?? null,
    ServiceKind: "",
    ServiceID: row.id,
    ServiceName: row.name,
    ServiceTags: row.tags,
    ServiceAddress: row.address,
    ...taggedJson("ServiceTaggedAddresses", row),
    ServiceWeights: weightsJson(row),
    ServiceMeta: row.meta ?? {},
    ServicePort: row.port,
    ServiceEnableTagOverride: row.enableTagOverride,
    ServiceProxy: { MeshGateway: {}, Expose: {} },
    ServiceConnect: {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A check. */
export function checkJson(row: CheckRow): object {
  return {
    Node: row.node,
    CheckID: row.id,
    Name: row.name,
    Status: row.status,
    Notes: row.notes,
    Output: row.output,
    ServiceID: row.serviceId,
    ServiceName: row.serviceName,
    ServiceTags: row.serviceTags,
    Type: row.type,
    Definition: row.definition ?? {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A check, as its own agent shows it: agents do not know where a row stands in the order of changes. */
export function agentCheckJson(row: CheckRow): object {
  return { ...checkJson(row), CreateIndex: 0, ModifyIndex: 0 };
}

/** An instance with its node and all checks that decide over it. */
export function healthJson(tables: Tables, row: ServiceRow, datacenter: string): object {
  const node = tables.node(row.node);
  return {
    Node: node === undefined ? null : nodeJson(node.row, datacenter),
    Service: serviceJson(row),
    Checks: tables.checksOver(row).map(checkJson),
  };
}

/** A key as the wire writes it. */
export function kvJson(row: KvRow): object {
  return {
    LockIndex: row.lockIndex,
    Key: row.key,
    Flags: exactly(row.flags),
    Value: row.value === "" ? null : row.value,
    ...(row.session === "" ? {} : { Session: row.session }),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** The worst of several states; none at all is well. Maintenance is worse than anything. */
export function worstOf(checks: readonly CheckRow[]): CheckStatus | "maintenance" {
  if (checks.some(({ id }) => isMaintenanceCheck(id))) return "maintenance";
  for (const status of ["critical", "warning"] as const) {
    if (checks.some((row) => row.status === status)) return status;
  }
  return "passing";
}

function taggedJson(key: string, { taggedAddresses }: ServiceRow): object {
  if (taggedAddresses === undefined) return {};
  const entries = Object.entries(taggedAddresses).map(([name, { address, port }]) => [
    name,
    { Address: address, Port: port },
  ]);
  return { [key]: Object.fromEntries(entries) };
}

function weightsJson({ weights }: ServiceRow): object {
  return { Passing: weights.passing, Warning: weights.warning };
}

/** A number that JSON can write and JavaScript cannot hold. */
function exactly(digits: string): unknown {
  const number = Number(digits);
  if (Number.isSafeInteger(number)) return number;
  return "rawJSON" in JSON && typeof JSON.rawJSON === "function" ? JSON.rawJSON(digits) : number;
}
