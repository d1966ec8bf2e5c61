import type { Access } from "../../acl/access.ts";
import { aliveCheckId } from "../../agent.ts";
import { isSchemaKey, loadSchemas } from "../../config/schemas.ts";
import { KvDraft } from "../../kv/draft.ts";
import { runTransaction, writes } from "../../kv/transaction.ts";
import type { Change } from "../../state/model.ts";
import type { Tables } from "../../state/tables.ts";
import { CatalogDraft } from "../../txn/catalog-draft.ts";
import { type CatalogRow, type CatalogStep, runCatalogStep, writesCatalog } from "../../txn/catalog-steps.ts";
import { missingFor } from "../guard.ts";
import { consistencyOf, refuseForeign } from "../parameters.ts";
import { json, type Reply, type Route, type Wire, type WireRequest } from "../route.ts";
import { checkJson, kvJson, nodeJson, serviceJson } from "../rows.ts";
import { readTransaction, type Step } from "./txn-body.ts";
import { refuseInvalid } from "./values.ts";

/** `/v1/txn`: several operations on keys, nodes, instances and checks, all or none of them. */
export function txnRoutes(wire: Wire): readonly Route[] {
  return [{ verb: "PUT", path: "/v1/txn", guard: "inside", run: (request) => transact(wire, request) }];
}

interface StepError {
  readonly OpIndex: number;
  readonly What: string;
}

async function transact(wire: Wire, request: WireRequest): Promise<Reply> {
  refuseForeign(request.query.get("dc"), wire.identity.datacenter);
  consistencyOf(request.query);
  const steps = await readTransaction(request);
  const { store, sessions, identity } = wire;
  const wrote = steps.some(isWrite);
  const { tables, log } = store;
  const denied = errorsOf(steps, (step) => {
    if (!mayTake(request.access, tables, step)) return "Permission denied";
    return endsUs(step, identity.node) ? `"${identity.node}" is this registry's own node` : undefined;
  });
  if (denied.length > 0) return refused(denied, wrote);
  if (steps.some((step) => step.kind === "kv" && isSchemaKey(step.kv.key))) await loadSchemas();
  // From here on without a pause: what is read is what is true when it is written.
  const keys = new KvDraft(tables.kv, log.last + 1);
  const catalog = new CatalogDraft(tables, log.last + 1);
  const rows: object[] = [];
  // Errors are collected over all steps: a client learns at once of everything that stands against it.
  const errors = errorsOf(steps, (step) => {
    if (step.kind === "wrong") return step.why;
    if (step.kind === "catalog") {
      const told = runCatalogStep(catalog, step.catalog);
      if (typeof told === "string") return told;
      if (told !== undefined) rows.push(rowJson(told, identity.datacenter));
      return undefined;
    }
    const outcome = runTransaction(keys, [step.kv], sessions);
    if (outcome.kind === "refused") return outcome.errors[0]?.why;
    rows.push(...outcome.rows.map((row) => ({ KV: kvJson(row) })));
    return undefined;
  });
  if (errors.length > 0) {
    await store.commit([]);
    return refused(errors, wrote);
  }
  refuseInvalid(keys);
  await store.commit([...catalog.changes(), ...keys.changes()]);
  return answered({ Results: rows, Errors: null }, wrote);
}

function errorsOf(steps: readonly Step[], take: (step: Step) => string | undefined): StepError[] {
  return steps.flatMap((step, OpIndex) => {
    const What = take(step);
    return What === undefined ? [] : [{ OpIndex, What }];
  });
}

function isWrite(step: Step): boolean {
  return step.kind === "kv" ? writes([step.kv]) : step.kind === "wrong" || writesCatalog(step.catalog);
}

/** Nothing is said of what the one who asks may not touch, not even whether it is there. */
function mayTake(access: Access, tables: Tables, step: Step): boolean {
  if (step.kind === "wrong") return true;
  if (step.kind === "catalog") return mayTouch(access, tables, step.catalog);
  const { verb, key } = step.kv;
  const wanted = writes([step.kv]) ? "write" : "read";
  const tree = verb === "delete-tree" || verb === "get-tree";
  return tree ? access.canAll("key", key, wanted) : access.can("key", key, wanted);
}

function mayTouch(access: Access, tables: Tables, step: CatalogStep): boolean {
  if (writesCatalog(step)) return missingFor(access, tables, [changeOf(step)]) === undefined;
  if (step.kind === "node") return access.can("node", step.node.name, "read");
  const { node } = step.kind === "service" ? step.service : step.check;
  if (!access.can("node", node, "read")) return false;
  const name =
    step.kind === "service"
      ? tables.service(node, step.service.id)?.name
      : tables.check(node, step.check.id)?.serviceName;
  return name === undefined || name === ""
    ? access.can("node", node, "read")
    : access.can("service", name, "read");
}

/** What a step would change, for who asks whether it may be. */
function changeOf(step: CatalogStep): Change {
  const gone = step.verb === "delete" || step.verb === "delete-cas";
  switch (step.kind) {
    case "node":
      return gone ? { kind: "node-gone", name: step.node.name } : { kind: "node", node: step.node };
    case "service": {
      const { node, id } = step.service;
      return gone ? { kind: "service-gone", node, id } : { kind: "service", service: step.service };
    }
    case "check": {
      const { node, id } = step.check;
      return gone ? { kind: "check-gone", node, id } : { kind: "check", check: step.check };
    }
  }
}

/** Everything registered here hangs on the registry's own node and on the check that says it answers. */
function endsUs(step: Step, own: string): boolean {
  if (step.kind !== "catalog" || !step.catalog.verb.startsWith("delete")) return false;
  const { catalog } = step;
  if (catalog.kind === "node") return catalog.node.name === own;
  return catalog.kind === "check" && catalog.check.node === own && catalog.check.id === aliveCheckId;
}

function rowJson(told: CatalogRow, datacenter: string): object {
  switch (told.kind) {
    case "node":
      return { Node: nodeJson(told.row, datacenter) };
    case "service":
      return { Service: serviceJson(told.row) };
    case "check":
      return { Check: checkJson(told.row) };
  }
}

function refused(Errors: readonly StepError[], wrote: boolean): Reply {
  return { ...answered({ Results: null, Errors }, wrote), status: 409 };
}

/** One that only reads is answered like a read. */
function answered(value: object, wrote: boolean): Reply {
  if (wrote) return json(value);
  const body = { ...value, Index: 0, LastContact: 0, KnownLeader: true, ConsistencyLevel: "" };
  return { ...json(body), headers: ["X-Consul-Knownleader", "true", "X-Consul-Lastcontact", "0"] };
}
