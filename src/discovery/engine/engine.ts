import type { Discovery } from "../discovery.ts";
import type { InstanceRegistration, InstanceStatus } from "../registrar.ts";
import type { Configuration } from "./configuration.ts";
import type { Version } from "./version.ts";

/**
 * What stands behind a registry: the one of Tusker on one machine, a Consul or an etcd when that is not enough. Same
 * words, same meaning; where engines differ they say so in `capabilities`. One test kit runs against all of them.
 */
export interface RegistryEngine extends AsyncDisposable {
  readonly name: EngineName;
  readonly capabilities: Capabilities;
  readonly registry: Registry;
  readonly kv: Kv;
  readonly mutex: Mutex;
  /** There exactly when `capabilities.history` is. */
  readonly configuration: Configuration | undefined;
}

export type EngineName = "embedded" | "consul" | "etcd";

/** What an engine promises beyond the interface. */
export interface Capabilities {
  /** A write that was answered is on disk. */
  readonly durableAck: boolean;
  /** A read sees every write that was answered before it began. */
  readonly linearizableRead: boolean;
  /** `Kv.watch` goes on from a version; else it always begins with a snapshot. */
  readonly resumableWatch: boolean;
  /** Steps of one transaction at most. */
  readonly maxTxnSteps: number;
  /** Versions of a key are kept, with author and reason. */
  readonly history: boolean;
  /** Instances have names in the DNS. */
  readonly dns: boolean;
  readonly maxValueBytes: number;
  /** The shortest lease it keeps. */
  readonly minLeaseMs: number;
}

/** Who serves what. */
export interface Registry {
  /**
   * Registers an instance under a lease, which is renewed until it is closed: an instance whose process dies is taken
   * out of service when the lease ends.
   *
   * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
   */
  register(instance: LeasedInstance, options: LeaseOptions): Promise<Lease>;
  /** Follows services; sets hold passing instances only. */
  readonly discovery: Discovery;
}

/** What to register. Its status is its lease's business, so it has no check. */
export type LeasedInstance = Omit<InstanceRegistration, "check" | "status">;

export interface LeaseOptions {
  /** How long without renewal it lives; an engine may take longer to notice. */
  readonly leaseMs: number;
  readonly signal?: AbortSignal;
}

/** A registration that is kept alive. Disposing closes it. */
export interface Lease extends AsyncDisposable {
  /** @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL */
  setStatus(status: InstanceStatus, note?: string): Promise<void>;
  /** Removes the instance. */
  close(): Promise<void>;
}

/** Keys and values. A value is bytes. */
export interface Kv {
  /** @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL, as every method */
  get(key: string, signal?: AbortSignal): Promise<KvEntry | undefined>;
  /** Entries whose keys begin so, by key. */
  list(prefix: string, signal?: AbortSignal): Promise<KvList>;
  /** The new version; undefined when the condition did not hold. @throws also DISCOVERY_TOO_LARGE */
  put(key: string, value: string | Uint8Array, condition?: KvCondition): Promise<Version | undefined>;
  /** False when the condition did not hold. A key that is not there is deleted already. */
  delete(key: string, condition?: KvCondition): Promise<boolean>;
  /** All steps or none; false when a condition did not hold. @throws also DISCOVERY_TOO_LARGE */
  txn(steps: readonly KvStep[]): Promise<boolean>;
  /**
   * States and changes of the keys that begin so, until the signal fires. Failures of the registry are waited out:
   * after one it goes on where it was, or with a snapshot when that is no longer known.
   */
  watch(prefix: string, options: KvWatchOptions): AsyncIterable<KvEvent>;
}

export interface KvEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Changes with every write of the key. */
  readonly version: Version;
}

export interface KvList {
  readonly entries: readonly KvEntry[];
  /** To watch from. */
  readonly version: Version;
}

export interface KvCondition {
  /** The key must be as it was then; `absent`: it must not be there. */
  readonly ifVersion: Version | "absent";
}

export type KvStep =
  | { readonly kind: "check"; readonly key: string; readonly version: Version | "absent" }
  | { readonly kind: "put"; readonly key: string; readonly value: string | Uint8Array }
  | { readonly kind: "delete"; readonly key: string };

export interface KvWatchOptions {
  readonly signal: AbortSignal;
  /** Only changes after it, where the engine can; else, and when it is too old, a snapshot comes first. */
  readonly since?: Version;
}

export interface KvEvent {
  /** `put` is all there is; what is not in it is not there. */
  readonly snapshot: boolean;
  readonly put: readonly KvEntry[];
  readonly gone: readonly string[];
  /** To go on from. */
  readonly version: Version;
}

/** Mutual exclusion over a whole system. */
export interface Mutex {
  /**
   * Waits until the name is free and takes it.
   *
   * @throws TuskerError KERNEL_ABORTED when the signal fires first, DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
   */
  acquire(name: string, options: LeaseOptions): Promise<Held>;
  /** Takes the name if it is free. */
  tryAcquire(name: string, options: LeaseOptions): Promise<Held | undefined>;
}

/** A name that is held. Disposing releases it. */
export interface Held extends AsyncDisposable {
  /**
   * Higher than every token of the name before. Whoever guards the thing itself must refuse lower ones: a holder that
   * was stopped for long does not know that it lost the name.
   */
  readonly fencingToken: bigint;
  /** Fires when the name was lost, or nobody can say whether it is still held. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}
