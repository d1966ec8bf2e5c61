import { TuskerError } from "../kernel/index.ts";
import type { Checker } from "./checks/checker.ts";
import { captured } from "./checks/probe.ts";
import type { Change, Check, CheckSpec, CheckStatus, Service } from "./state/model.ts";
import type { Store } from "./state/store.ts";
import type { Tables } from "./state/tables.ts";

/** An instance to be registered on this node. */
export type LocalService = Omit<Service, "node">;

/** A check to be registered on this node. */
export interface LocalCheck {
  /** Empty: derived from the instance, or the name. */
  readonly id: string;
  /** Empty: derived from the instance. */
  readonly name: string;
  readonly notes: string;
  /** Status of a check that is new; one that is known keeps its status. Default critical. */
  readonly status?: CheckStatus | undefined;
  readonly type: string;
  readonly spec: CheckSpec;
}

/** What can be done to the instances and checks of this node. Each change is one transaction. */
export interface Agent {
  /** Name of this node. */
  readonly node: string;
  /** Adds or replaces an instance with its checks. */
  register(service: LocalService, checks: readonly LocalCheck[], options?: RegisterOptions): Promise<void>;
  /** Unknown ids are fine. */
  deregister(serviceId: string): Promise<void>;
  /** @throws TuskerError REGISTRY_UNKNOWN when the instance is not there */
  registerCheck(check: LocalCheck, serviceId: string): Promise<void>;
  /** Unknown ids are fine. */
  deregisterCheck(checkId: string): Promise<void>;
  /** An instance reports a TTL check. @throws TuskerError REGISTRY_UNKNOWN when there is no such TTL check */
  reportTtl(checkId: string, status: CheckStatus, output: string): Promise<void>;
  /** @throws TuskerError REGISTRY_UNKNOWN when the instance is not there */
  serviceMaintenance(serviceId: string, enable: boolean, reason: string): Promise<void>;
  nodeMaintenance(enable: boolean, reason: string): Promise<void>;
}

/** How a registration treats what is known of the instance. */
export interface RegisterOptions {
  /** Also removes checks of the instance that are not listed; default false. */
  readonly replaceChecks?: boolean;
  /** A check that names a status takes it even if it is known already; default false. */
  readonly setStatus?: boolean;
  /** Sees what will change, before it does; what it throws prevents it. */
  readonly vet?: (changes: readonly Change[]) => void;
}

/** Id of the check that takes a whole node out of service. */
export const nodeMaintenanceId = "_node_maintenance";

/** Id of the check that takes an instance out of service. */
export function serviceMaintenanceId(serviceId: string): string {
  return `_service_maintenance:${serviceId}`;
}

/** The check of the node itself that its registry answers: it passes as long as anybody can read it. */
export const aliveCheckId = "serfHealth";

/** True for the checks of maintenance: they belong to the operator, not to the instance. */
export function isMaintenanceCheck(checkId: string): boolean {
  return checkId === nodeMaintenanceId || checkId.startsWith(serviceMaintenanceId(""));
}

/** The agent of one node over the store. */
export function localAgent(node: string, store: Store, checks: Checker): Agent {
  const { tables } = store;
  const commit = async (...changes: Change[]): Promise<void> => {
    await store.commit(changes);
  };
  // Maintenance that is on already keeps the reason it was begun for.
  const maintain = async (id: string, serviceId: string, enable: boolean, reason: string): Promise<void> => {
    if (!enable) await commit({ kind: "check-gone", node, id });
    else if (tables.check(node, id) === undefined) await commit(maintenance(node, id, serviceId, reason));
  };

  return {
    node,
    async register(service, list, options = {}) {
      const changes = registration(tables, node, service, list, options);
      options.vet?.(changes);
      await commit(...changes);
    },
    deregister: (id) => commit({ kind: "service-gone", node, id }),
    async registerCheck(local, serviceId) {
      if (serviceId !== "" && tables.service(node, serviceId) === undefined) {
        throw unknown(`ServiceID "${serviceId}" does not exist`);
      }
      const id = local.id || local.name;
      await commit({
        kind: "check",
        check: checkRow(tables.check(node, id), { ...local, id, node, serviceId }),
      });
    },
    async deregisterCheck(id) {
      if (id !== aliveCheckId) await commit({ kind: "check-gone", node, id });
    },
    async reportTtl(id, status, output) {
      const check = tables.check(node, id);
      if (check?.spec?.kind !== "ttl") throw unknown(`CheckID "${id}" does not have associated TTL`);
      checks.beat(id);
      await commit({ kind: "check", check: { ...check, status, output: captured(output, check.spec) } });
    },
    async serviceMaintenance(serviceId, enable, reason) {
      if (tables.service(node, serviceId) === undefined) {
        throw unknown(`No service registered with ID "${serviceId}"`, 404);
      }
      await maintain(serviceMaintenanceId(serviceId), serviceId, enable, reason);
    },
    nodeMaintenance: (enable, reason) => maintain(nodeMaintenanceId, "", enable, reason),
  };
}

/** The transaction of a registration: the instance, its checks that are to go, its checks. */
function registration(
  tables: Tables,
  node: string,
  service: LocalService,
  list: readonly LocalCheck[],
  { replaceChecks = false, setStatus = false }: RegisterOptions,
): Change[] {
  const next = list.map((local, i) => {
    const derived = list.length > 1 ? `service:${service.id}:${i + 1}` : `service:${service.id}`;
    const id = local.id || derived;
    const name = local.name || `Service '${service.name}' check`;
    const known = setStatus && local.status !== undefined ? undefined : tables.check(node, id);
    return checkRow(known, { ...local, id, name, node, serviceId: service.id });
  });
  const kept = new Set(next.map((check) => check.id));
  const gone = replaceChecks
    ? tables.checksOf(node, service.id).filter(({ id }) => !kept.has(id) && !isMaintenanceCheck(id))
    : [];
  return [
    { kind: "service", service: { ...service, node } },
    ...gone.map(({ id }): Change => ({ kind: "check-gone", node, id })),
    ...next.map((check): Change => ({ kind: "check", check })),
  ];
}

/** @throws TuskerError REGISTRY_INVALID when it would take the place of the registry's own check */
function checkRow(
  known: Check | undefined,
  local: LocalCheck & { readonly node: string; readonly serviceId: string },
): Check {
  if (local.id === aliveCheckId) throw refused(`"${local.id}" is the registry's own; choose another id`);
  return {
    ...local,
    // Registering again is no sign of health, nor of the lack of it: what is known of the instance stays.
    status: known?.status ?? local.status ?? "critical",
    output: known?.output ?? "",
    serviceName: "",
    serviceTags: [],
  };
}

function maintenance(node: string, id: string, serviceId: string, reason: string): Change {
  const what = serviceId === "" ? "node" : "service";
  return {
    kind: "check",
    check: {
      node,
      id,
      name: what === "node" ? "Node Maintenance Mode" : "Service Maintenance Mode",
      status: "critical",
      notes:
        reason ||
        `Maintenance mode is enabled for this ${what}, but no reason was provided. This is a default message.`,
      output: "",
      serviceId,
      serviceName: "",
      serviceTags: [],
      type: "maintenance",
    },
  };
}

function unknown(text: string, status: number = 500): TuskerError {
  return new TuskerError("REGISTRY_UNKNOWN", text, { details: { status } });
}

function refused(text: string): TuskerError {
  return new TuskerError("REGISTRY_INVALID", `Invalid check: ${text}`, { details: { status: 400 } });
}
