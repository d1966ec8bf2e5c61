import { TuskerError } from "../../kernel/index.ts";
import { dropKey, dropVersion, type KeyStep, setKey, setVersion, unsaid } from "./keys.ts";
import { KvTable } from "./kv.ts";
import { KvHistory } from "./kv-history.ts";
import { Listing } from "./listing.ts";
import type {
  Change,
  Check,
  CheckRow,
  CheckStatus,
  Indexes,
  Node,
  NodeRow,
  Service,
  ServiceRow,
  Session,
  Written,
} from "./model.ts";
import { compare, dropOrdered, type Order, putOrdered } from "./ordered.ts";
import { checkRow, nodeRow, serviceRow } from "./row.ts";
import { sameCheck, sameNode, sameService } from "./same.ts";
import { SessionTable } from "./sessions.ts";
import { type Topic, topics } from "./topics.ts";
import { verifyReferences } from "./verify.ts";

/** What a transaction did: nothing when `changes` is empty. */
export interface Applied {
  /** What really changed, consequences included (a service that goes takes its checks along). */
  readonly changes: readonly Change[];
  /** What watchers must hear of. */
  readonly touched: ReadonlySet<Topic>;
  /** Keys that were written or deleted. */
  readonly keys: ReadonlySet<string>;
}

/** A node with all that is on it. */
export interface NodeEntry {
  row: NodeRow;
  readonly services: Map<string, ServiceRow>;
  readonly checks: Map<string, CheckRow>;
  /** Checks by the instance they belong to, in order of their ids; those of the node under "". */
  readonly checksOf: Map<string, CheckRow[]>;
}

/** The instances of one name. */
interface Instances {
  /** By node and id. */
  readonly rows: ServiceRow[];
  /** How often a check of one of them said something new. */
  said: number;
}

/** Nodes, instances, checks, sessions and keys, in memory. Pure: no time, no I/O; the same changes give the same tables. */
export class Tables {
  readonly #nodes = new Map<string, NodeEntry>();
  readonly #instances = new Map<string, Instances>();
  /** How often a check of a node said something new. */
  #nodesSaid = 0;
  readonly #listing = new Listing();
  readonly kv: KvTable = new KvTable();
  readonly history: KvHistory = new KvHistory();
  readonly sessions: SessionTable = new SessionTable();

  /**
   * Applies a transaction as a whole under `index`; steps that change nothing are left out.
   *
   * @param written when, and what is known of why
   * @throws TuskerError REGISTRY_UNKNOWN, before anything is changed, when it names a node or instance that is not there
   */
  apply(index: number, changes: readonly Change[], written: Written = unsaid): Applied {
    verifyReferences(this, changes);
    const done: Change[] = [];
    const touched = new Set<Topic>();
    const keys = new Set<string>();
    const step = { index, done, touched, keys, written };
    for (const change of changes) this.#applyOne(step, change);
    return { changes: done, touched, keys };
  }

  /** Puts back a row that was stored, after all that it hangs on. */
  restore(change: Change, { createIndex, modifyIndex }: Indexes): void {
    const step = { index: modifyIndex, created: createIndex, done: [], touched: new Set<Topic>() };
    this.#applyOne({ ...step, keys: new Set(), written: unsaid }, change);
  }

  /** Replaces what a check says: no change, but what was rendered of it is old (`said`). */
  setOutput(node: string, id: string, output: string): void {
    const row = this.check(node, id);
    if (row === undefined || row.output === output) return;
    this.#putCheck(checkRow({ ...row, output }, row));
    const owner = this.#instances.get(row.serviceName);
    if (row.serviceId === "") this.#nodesSaid++;
    else if (owner !== undefined) owner.said++;
  }

  /** Grows whenever a check that decides over instances of this name says something new without a change. */
  said(service: string): number {
    return this.#nodesSaid + (this.#instances.get(service)?.said ?? 0);
  }

  node(name: string): NodeEntry | undefined {
    return this.#nodes.get(name);
  }

  service(node: string, id: string): ServiceRow | undefined {
    return this.#nodes.get(node)?.services.get(id);
  }

  check(node: string, id: string): CheckRow | undefined {
    return this.#nodes.get(node)?.checks.get(id);
  }

  /** All nodes by name. */
  nodes(): NodeEntry[] {
    return [...this.#nodes.values()].sort((a, b) => (a.row.name < b.row.name ? -1 : 1));
  }

  /** Instances of a service, by node and id: as they are now, and as they will be once something changes. */
  instances(service: string): readonly ServiceRow[] {
    return this.#instances.get(service)?.rows ?? [];
  }

  /** Checks of one instance, or of the node itself for the id "", by id; live, as `instances`. */
  checksOf(node: string, serviceId: string): readonly CheckRow[] {
    return this.#nodes.get(node)?.checksOf.get(serviceId) ?? [];
  }

  /** All checks that decide over an instance: its node's by id, then its own by id. */
  checksOver(row: ServiceRow): CheckRow[] {
    return [...this.checksOf(row.node, ""), ...this.checksOf(row.node, row.id)];
  }

  /** Checks in a state, by node and id. */
  checksIn(state: CheckStatus | "any"): CheckRow[] {
    return this.nodes()
      .flatMap(({ checks }) => [...checks.values()].sort(byId))
      .filter((row) => state === "any" || row.status === state);
  }

  /** Names of all services with the tags of all their instances. */
  listing(): [name: string, tags: string[]][] {
    return this.#listing.all();
  }

  #applyOne(step: Step, change: Change): void {
    switch (change.kind) {
      case "node":
        this.#setNode(step, change.node);
        break;
      case "node-gone":
        this.#dropNode(step, change.name);
        break;
      case "service":
        this.#setService(step, change.service);
        break;
      case "service-gone":
        this.#dropService(step, change.node, change.id);
        break;
      case "check":
        this.#setCheck(step, change.check);
        break;
      case "check-gone":
        this.#dropCheck(step, change.node, change.id);
        break;
      case "session":
        this.#addSession(step, change.session);
        break;
      case "session-gone":
        this.#dropSession(step, change.id);
        break;
      case "kv":
        setKey(this, keyStep(step), change);
        break;
      case "kv-gone":
        dropKey(this, keyStep(step), change);
        break;
      case "version":
        setVersion(this, keyStep(step), change.version);
        break;
      case "version-gone":
        dropVersion(this, keyStep(step), change.key, change.index);
        break;
      default:
        change satisfies never;
    }
  }

  #setNode(step: Step, node: Node): void {
    const entry = this.#nodes.get(node.name);
    if (entry !== undefined && sameNode(entry.row, node)) return;
    const row = nodeRow(node, indexes(step, entry?.row));
    if (entry === undefined) {
      this.#nodes.set(node.name, { row, services: new Map(), checks: new Map(), checksOf: new Map() });
    } else {
      entry.row = row;
      for (const { name } of entry.services.values())
        step.touched.add(topics.service(name)).add(topics.health(name));
    }
    step.touched.add(topics.catalog).add(topics.nodes).add(topics.node(node.name));
    step.done.push({ kind: "node", node: row });
  }

  #dropNode(step: Step, name: string): void {
    const entry = this.#nodes.get(name);
    if (entry === undefined) return;
    for (const id of [...entry.services.keys()]) this.#dropService(step, name, id);
    for (const id of [...entry.checks.keys()]) this.#dropCheck(step, name, id);
    this.#nodes.delete(name);
    step.touched.add(topics.catalog).add(topics.nodes).add(topics.node(name));
    step.done.push({ kind: "node-gone", name });
  }

  #setService(step: Step, service: Service): void {
    const before = this.service(service.node, service.id);
    if (before !== undefined && sameService(before, service)) return;
    const row = serviceRow(service, indexes(step, before));
    this.#touchService(step, row);
    // Added before the old one is removed, so that what both have never counts as gone.
    const listed = this.#listing.add(row);
    const unlisted = before !== undefined && this.#listing.remove(before);
    if (listed || unlisted) step.touched.add(topics.services);
    if (before !== undefined && before.name !== row.name) {
      this.#touchService(step, before);
      this.#removeInstance(before);
    }
    this.#nodes.get(row.node)?.services.set(row.id, row);
    this.#addInstance(row);
    step.done.push({ kind: "service", service: row });
    // A check carries its instance's name and tags.
    for (const check of [...this.checksOf(row.node, row.id)]) this.#setCheck(step, check);
  }

  #dropService(step: Step, node: string, id: string): void {
    const row = this.service(node, id);
    if (row === undefined) return;
    for (const check of [...this.checksOf(node, id)]) this.#dropCheck(step, node, check.id);
    this.#nodes.get(node)?.services.delete(id);
    this.#removeInstance(row);
    if (this.#listing.remove(row)) step.touched.add(topics.services);
    this.#touchService(step, row);
    step.done.push({ kind: "service-gone", node, id });
  }

  #setCheck(step: Step, input: Check): void {
    const owner = this.service(input.node, input.serviceId);
    const check = { ...input, serviceName: owner?.name ?? "", serviceTags: owner?.tags ?? [] };
    const before = this.check(check.node, check.id);
    if (before !== undefined && sameCheck(before, check)) {
      this.setOutput(check.node, check.id, check.output);
      return;
    }
    if (before !== undefined) this.#removeCheck(step, before);
    const row = checkRow(check, indexes(step, before));
    this.#putCheck(row);
    this.#touchCheck(step, row);
    step.done.push({ kind: "check", check: row });
  }

  #dropCheck(step: Step, node: string, id: string): void {
    const row = this.check(node, id);
    if (row === undefined) return;
    this.#removeCheck(step, row);
    step.done.push({ kind: "check-gone", node, id });
  }

  #addSession(step: Step, session: Session): void {
    if (!this.sessions.add(session, indexes(step, undefined))) return;
    this.#touchSession(step, session);
    step.done.push({ kind: "session", session });
  }

  #dropSession(step: Step, id: string): void {
    const row = this.sessions.drop(id);
    if (row === undefined) return;
    this.#touchSession(step, row);
    step.done.push({ kind: "session-gone", id });
  }

  #touchSession({ touched }: Step, { id, node }: Session): void {
    touched.add(topics.sessions).add(topics.session(id)).add(topics.nodeSessions(node));
  }

  #putCheck(row: CheckRow): void {
    const entry = this.#nodes.get(row.node);
    if (entry === undefined) throw new TuskerError("KERNEL_INTERNAL", `check ${row.id} has no node`);
    entry.checks.set(row.id, row);
    const group = entry.checksOf.get(row.serviceId);
    if (group === undefined) entry.checksOf.set(row.serviceId, [row]);
    else putOrdered(group, row, byId);
  }

  #removeCheck(step: Step, row: CheckRow): void {
    const entry = this.#nodes.get(row.node);
    entry?.checks.delete(row.id);
    const group = entry?.checksOf.get(row.serviceId);
    if (group !== undefined) dropOrdered(group, row, byId);
    if (group?.length === 0) entry?.checksOf.delete(row.serviceId);
    this.#touchCheck(step, row);
  }

  #addInstance(row: ServiceRow): void {
    const instances = this.#instances.get(row.name);
    if (instances === undefined) this.#instances.set(row.name, { rows: [row], said: 0 });
    else putOrdered(instances.rows, row, byNodeAndId);
  }

  #removeInstance(row: ServiceRow): void {
    const instances = this.#instances.get(row.name);
    if (instances !== undefined) dropOrdered(instances.rows, row, byNodeAndId);
    if (instances?.rows.length === 0) this.#instances.delete(row.name);
  }

  #touchService({ touched }: Step, { node, name }: Service): void {
    touched.add(topics.catalog).add(topics.node(node)).add(topics.service(name)).add(topics.health(name));
  }

  #touchCheck({ touched }: Step, row: Check): void {
    touched.add(topics.nodeChecks(row.node)).add(topics.state("any")).add(topics.state(row.status));
    if (row.serviceId !== "") {
      touched.add(topics.checks(row.serviceName)).add(topics.health(row.serviceName));
      return;
    }
    // A check of the node decides over all that is on it.
    for (const { name } of this.#nodes.get(row.node)?.services.values() ?? [])
      touched.add(topics.health(name));
  }
}

interface Step {
  readonly index: number;
  /** When what is new was really made; default now. */
  readonly created?: number;
  readonly done: Change[];
  readonly touched: Set<Topic>;
  readonly keys: Set<string>;
  readonly written: Written;
}

function keyStep(step: Step): KeyStep {
  return { ...step, indexes: (before) => indexes(step, before) };
}

function indexes({ index, created = index }: Step, before: Indexes | undefined): Indexes {
  return { createIndex: before?.createIndex ?? created, modifyIndex: index };
}

const byId: Order<CheckRow> = (a, b) => compare(a.id, b.id);

const byNodeAndId: Order<ServiceRow> = (a, b) => compare(a.node, b.node) || compare(a.id, b.id);
