import type { Change, Check, CheckRow, Node, NodeRow, Service, ServiceRow } from "../state/model.ts";
import { sameCheck, sameNode, sameService } from "../state/same.ts";
import type { Tables } from "../state/tables.ts";

/** The catalog as it will be when the steps taken so far happen; the mirror of `KvDraft` for nodes and what is on them. */
export class CatalogDraft {
  readonly #tables: Tables;
  /** Index the transaction will have. */
  readonly #index: number;
  readonly #changes: Change[] = [];
  readonly #nodes = new Map<string, NodeRow | undefined>();
  readonly #services = new Map<string, ServiceRow | undefined>();
  readonly #checks = new Map<string, CheckRow | undefined>();

  constructor(tables: Tables, index: number) {
    this.#tables = tables;
    this.#index = index;
  }

  node(name: string): NodeRow | undefined {
    return this.#nodes.has(name) ? this.#nodes.get(name) : this.#tables.node(name)?.row;
  }

  service(node: string, id: string): ServiceRow | undefined {
    const key = keyOf(node, id);
    return this.#services.has(key) ? this.#services.get(key) : this.#tables.service(node, id);
  }

  check(node: string, id: string): CheckRow | undefined {
    const key = keyOf(node, id);
    return this.#checks.has(key) ? this.#checks.get(key) : this.#tables.check(node, id);
  }

  /** Gives the row as it will be; one that stays as it is keeps its index. */
  putNode(node: Node): NodeRow {
    const before = this.node(node.name);
    if (before !== undefined && sameNode(before, node)) return before;
    const row = { ...node, ...this.#indexes(before) };
    this.#nodes.set(node.name, row);
    this.#changes.push({ kind: "node", node });
    return row;
  }

  /** As `putNode`; its node must be there. */
  putService(service: Service): ServiceRow {
    const before = this.service(service.node, service.id);
    if (before !== undefined && sameService(before, service)) return before;
    const row = { ...service, ...this.#indexes(before) };
    this.#services.set(keyOf(service.node, service.id), row);
    this.#changes.push({ kind: "service", service });
    return row;
  }

  /** As `putService`; the instance it belongs to must be there. */
  putCheck(written: Check): CheckRow {
    const owner = this.service(written.node, written.serviceId);
    const check = { ...written, serviceName: owner?.name ?? "", serviceTags: owner?.tags ?? [] };
    const before = this.check(check.node, check.id);
    if (before !== undefined && sameCheck(before, check)) return before;
    const row = { ...check, ...this.#indexes(before) };
    this.#checks.set(keyOf(check.node, check.id), row);
    this.#changes.push({ kind: "check", check });
    return row;
  }

  /** With all that is on it. */
  dropNode(name: string): void {
    if (this.node(name) === undefined) return;
    for (const row of this.#servicesOn(name)) this.#services.set(keyOf(name, row.id), undefined);
    for (const row of this.#checksOn(name)) this.#checks.set(keyOf(name, row.id), undefined);
    this.#nodes.set(name, undefined);
    this.#changes.push({ kind: "node-gone", name });
  }

  /** With its checks. */
  dropService(node: string, id: string): void {
    if (this.service(node, id) === undefined) return;
    for (const row of this.#checksOn(node)) {
      if (row.serviceId === id) this.#checks.set(keyOf(node, row.id), undefined);
    }
    this.#services.set(keyOf(node, id), undefined);
    this.#changes.push({ kind: "service-gone", node, id });
  }

  dropCheck(node: string, id: string): void {
    if (this.check(node, id) === undefined) return;
    this.#checks.set(keyOf(node, id), undefined);
    this.#changes.push({ kind: "check-gone", node, id });
  }

  /** The steps that lead there, in order. */
  changes(): readonly Change[] {
    return this.#changes;
  }

  #indexes(before: NodeRow | ServiceRow | CheckRow | undefined) {
    return { createIndex: before?.createIndex ?? this.#index, modifyIndex: this.#index };
  }

  #servicesOn(node: string): ServiceRow[] {
    const known = [...(this.#tables.node(node)?.services.values() ?? [])];
    return [...known, ...this.#services.values()].flatMap((row) => (row?.node === node ? [row] : []));
  }

  #checksOn(node: string): CheckRow[] {
    const known = [...(this.#tables.node(node)?.checks.values() ?? [])];
    return [...known, ...this.#checks.values()].flatMap((row) => (row?.node === node ? [row] : []));
  }
}

function keyOf(node: string, id: string): string {
  return `${node}\0${id}`;
}
