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
    | {
        readonly kind: "grpc";
        /** host:port */
        readonly address: string;
        /** Whose health is asked for; empty: the whole server's. */
        readonly service: string;
        readonly tls: boolean;
        readonly tlsSkipVerify: boolean;
        /** Name the certificate must bear; empty: the host of the address. */
        readonly tlsServerName: string;
        readonly intervalMs: number;
        readonly timeoutMs: number;
      }
    | {
        readonly kind: "script";
        /** Program and arguments; no shell. */
        readonly args: readonly string[];
        readonly intervalMs: number;
        readonly timeoutMs: number;
      }
    | {
        /** As well as an instance, or a node. */
        readonly kind: "alias";
        /** Empty: the registry's own. */
        readonly node: string;
        /** Id of the instance; empty: the node itself. */
        readonly service: string;
      }
    /** Held by a connection. */
    | { readonly kind: "lease" }
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
  /** How much of what it says is kept; absent: `maxOutputChars`. */
  readonly outputChars?: number | undefined;
}

/** Somebody who may hold keys, as long as its checks and its heartbeat say that it is alive. */
export interface Session {
  readonly id: string;
  readonly name: string;
  readonly node: string;
  /** Checks on the node that end the session when one turns critical or goes; of the node itself. */
  readonly nodeChecks: readonly string[];
  /** As `nodeChecks`, of instances on the node. */
  readonly serviceChecks: readonly string[];
  /** How long nobody may take a key that the end of this session freed. */
  readonly lockDelayMs: number;
  /** What becomes of the keys it holds. */
  readonly behavior: "release" | "delete";
  /** As written; empty: it needs no heartbeat. */
  readonly ttl: string;
}

/** One key with its value. */
export interface KvEntry {
  readonly key: string;
  /** Base64, as it travels; empty: no value. */
  readonly value: string;
  /** A 64-bit number that means something to the client, in digits: it may exceed what a number holds exactly. */
  readonly flags: string;
  /** Id of the session that holds the key; empty: nobody does. */
  readonly session: string;
  /** How often the key was taken. */
  readonly lockIndex: number;
}

/** When a value was written, and what is known of why. */
export interface Written {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Empty: nobody said. */
  readonly author: string;
  readonly reason: string;
}

/** A value a key had, or that it had none. */
export interface KvVersion {
  readonly key: string;
  /** Index of the transaction that wrote it: what the version is called. */
  readonly index: number;
  /** Base64; undefined: the key was deleted. */
  readonly value?: string | undefined;
  readonly flags: string;
  readonly written: Written;
  /** True when the key was not there before. */
  readonly first: boolean;
}

export type NodeRow = Node & Indexes;
export type ServiceRow = Service & Indexes;
export type CheckRow = Check & Indexes;
export type SessionRow = Session & Indexes;
export type KvRow = KvEntry &
  Indexes & {
    /** Index of the last change of the value: taking and releasing the key is none. */
    readonly valueIndex: number;
    readonly written: Written;
  };

/** One step of a transaction. A transaction is applied as a whole under one index. */
export type Change =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "node-gone"; readonly name: string }
  | { readonly kind: "service"; readonly service: Service }
  | { readonly kind: "service-gone"; readonly node: string; readonly id: string }
  | { readonly kind: "check"; readonly check: Check }
  | { readonly kind: "check-gone"; readonly node: string; readonly id: string }
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "session-gone"; readonly id: string }
  /** What stands beside the entry follows from the transaction, and is told to those who keep it. */
  | { readonly kind: "kv"; readonly entry: KvEntry; readonly valueIndex?: number; readonly written?: Written }
  | { readonly kind: "kv-gone"; readonly key: string; readonly written?: Written }
  | { readonly kind: "version"; readonly version: KvVersion }
  | { readonly kind: "version-gone"; readonly key: string; readonly index: number };
