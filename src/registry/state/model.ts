/** How a check stands. Only an instance all of whose checks pass takes traffic. */
export type CheckStatus = "passing" | "warning" | "critical";

/** Where a row stands in the order of changes. */
export interface Indexes {
  /** Index of the change that made the row. */
  readonly createIndex: number;
  /** Index of its last change. */
  readonly modifyIndex: number;
}

/** A machine, as registered. */
export interface Node {
  readonly name: string;
  readonly id: string;
  readonly address: string;
  readonly taggedAddresses?: Readonly<Record<string, string>> | undefined;
  readonly meta?: Readonly<Record<string, string>> | undefined;
}

/** One instance of a service on a node, as registered. */
export interface Service {
  readonly node: string;
  /** Unique on its node. */
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  /** Empty: the node's. */
  readonly address: string;
  readonly port: number;
  readonly meta?: Readonly<Record<string, string>> | undefined;
  readonly weights: { readonly passing: number; readonly warning: number };
  readonly enableTagOverride: boolean;
  readonly taggedAddresses?:
    | Readonly<Record<string, { readonly address: string; readonly port: number }>>
    | undefined;
  /** Registered by code in the registry's own process: it ends when that process does. */
  readonly bound?: boolean | undefined;
}

/** A check of a node (`serviceId` empty) or of an instance on it, as registered. */
export interface Check {
  readonly node: string;
  /** Unique on its node. */
  readonly id: string;
  readonly name: string;
  readonly status: CheckStatus;
  readonly notes: string;
  /** What the last run said. A new output alone is no change: it has no index and wakes nobody. */
  readonly output: string;
  readonly serviceId: string;
  /** Taken from the instance; a registration need not know it. */
  readonly serviceName: string;
  readonly serviceTags: readonly string[];
  readonly type: string;
  /** How an outside monitor runs it; kept and shown, never acted on. */
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  /** How this registry runs it; undefined when somebody else reports its status. */
  readonly spec?: CheckSpec | undefined;
}

/** How a check is run here. */
export type CheckSpec = CheckPolicy &
  (
    | { readonly kind: "ttl"; readonly ttlMs: number }
    | {
        readonly kind: "http";
        readonly url: string;
        readonly method: string;
        readonly headers: Readonly<Record<string, readonly string[]>>;
        readonly body: string;
        readonly tlsSkipVerify: boolean;
        /** Name the certificate must bear; empty: the host of the address. */
        readonly tlsServerName: string;
        readonly followRedirects: boolean;
        readonly intervalMs: number;
        readonly timeoutMs: number;
      }
    | {
        readonly kind: "tcp";
        /** host:port */
        readonly address: string;
        readonly intervalMs: number;
        readonly timeoutMs: number;
      }
  );

/** When results of a check count. */
export interface CheckPolicy {
  /** Results in a row before it counts as passing again; 0 and 1 mean at once. */
  readonly successBeforePassing: number;
  /** Failures in a row before it counts as warning. */
  readonly failuresBeforeWarning: number;
  /** Failures in a row before it counts as critical. */
  readonly failuresBeforeCritical: number;
  /** The instance is deregistered after being critical for this long; 0 means never. */
  readonly deregisterAfterMs: number;
}

export type NodeRow = Node & Indexes;
export type ServiceRow = Service & Indexes;
export type CheckRow = Check & Indexes;

/** One step of a transaction. A transaction is applied as a whole under one index. */
export type Change =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "node-gone"; readonly name: string }
  | { readonly kind: "service"; readonly service: Service }
  | { readonly kind: "service-gone"; readonly node: string; readonly id: string }
  | { readonly kind: "check"; readonly check: Check }
  | { readonly kind: "check-gone"; readonly node: string; readonly id: string };
