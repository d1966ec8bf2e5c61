import type { Check, CheckRow, Node, NodeRow, Service, ServiceRow } from "../state/model.ts";
import type { CatalogDraft } from "./catalog-draft.ts";

/** One step of a transaction on the catalog. */
export type CatalogStep = {
  readonly verb: string;
  /** What `cas` and `delete-cas` expect; 0 means absent. */
  readonly index: number;
} & (
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "service"; readonly service: Service }
  | { readonly kind: "check"; readonly check: Check }
);

/** A row to be told. */
export type CatalogRow =
  | { readonly kind: "node"; readonly row: NodeRow }
  | { readonly kind: "service"; readonly row: ServiceRow }
  | { readonly kind: "check"; readonly row: CheckRow };

/** True for everything but reading: also for what nobody knows. */
export function writesCatalog({ verb }: CatalogStep): boolean {
  return verb !== "get";
}

/** Takes a step on the draft: the row to be told (undefined for what was removed), or why not. */
export function runCatalogStep(draft: CatalogDraft, step: CatalogStep): CatalogRow | undefined | string {
  switch (step.kind) {
    case "node": {
      const { node } = step;
      return run(step, {
        what: `node "${node.name}"`,
        refused: node.name === "" ? "Must provide node" : undefined,
        before: draft.node(node.name),
        put: () => draft.putNode(node),
        drop: () => draft.dropNode(node.name),
        told: (row) => ({ kind: "node", row }),
      });
    }
    case "service": {
      const { service } = step;
      return run(step, {
        what: `service "${service.id}" on node "${service.node}"`,
        refused:
          service.name === "" && step.verb !== "get"
            ? "Must provide service name with ID"
            : lacksNode(draft, step, service.node),
        before: draft.service(service.node, service.id),
        put: () => draft.putService(service),
        drop: () => draft.dropService(service.node, service.id),
        told: (row) => ({ kind: "service", row }),
      });
    }
    case "check": {
      const { check } = step;
      const homeless =
        check.serviceId !== "" && puts(step) && draft.service(check.node, check.serviceId) === undefined;
      return run(step, {
        what: `check "${check.id}" on node "${check.node}"`,
        refused:
          lacksNode(draft, step, check.node) ?? (homeless ? "Missing service registration" : undefined),
        before: draft.check(check.node, check.id),
        put: () => draft.putCheck(check),
        drop: () => draft.dropCheck(check.node, check.id),
        told: (row) => ({ kind: "check", row }),
      });
    }
  }
}

interface Target<Row> {
  /** How it is named in errors. */
  readonly what: string;
  /** Why nothing can be done at all. */
  readonly refused: string | undefined;
  readonly before: Row | undefined;
  readonly put: () => Row;
  readonly drop: () => void;
  readonly told: (row: Row) => CatalogRow;
}

function run<Row extends { readonly modifyIndex: number }>(
  { kind, verb, index }: CatalogStep,
  { what, refused, before, put, drop, told }: Target<Row>,
): CatalogRow | undefined | string {
  if (refused !== undefined) return refused;
  switch (verb) {
    case "get":
      return before === undefined ? `${what} doesn't exist` : told(before);
    case "set":
      return told(put());
    case "cas":
      return (before?.modifyIndex ?? 0) === index ? told(put()) : `failed to set ${what}, index is stale`;
    case "delete":
      drop();
      return undefined;
    case "delete-cas":
      if (before?.modifyIndex !== index) return `failed to delete ${what}, index is stale`;
      drop();
      return undefined;
    default:
      return `unknown ${kind[0]?.toUpperCase()}${kind.slice(1)} verb "${verb}"`;
  }
}

function puts({ verb }: CatalogStep): boolean {
  return verb === "set" || verb === "cas";
}

function lacksNode(draft: CatalogDraft, step: CatalogStep, node: string): string | undefined {
  return puts(step) && draft.node(node) === undefined ? "Missing node registration" : undefined;
}
