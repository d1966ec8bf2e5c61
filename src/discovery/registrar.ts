/** The registering side: says that an instance exists and how it is. */
export interface Registrar {
  /**
   * Adds an instance or replaces the one with the same id; registering the same again changes nothing.
   *
   * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL (the registry refused, its words in the message)
   */
  register(instance: InstanceRegistration, signal?: AbortSignal): Promise<void>;
  /** Removes an instance and its checks. An unknown id is fine. @throws as register */
  deregister(id: string, signal?: AbortSignal): Promise<void>;
  /** Reports the status of an instance registered with a `ttl` check. @throws as register */
  setStatus(id: string, status: InstanceStatus, note?: string, signal?: AbortSignal): Promise<void>;
}

/** How an instance is. Only `passing` takes traffic. */
export type InstanceStatus = "passing" | "warning" | "critical";

/** What a registrar needs to know of an instance. */
export interface InstanceRegistration {
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly meta?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Relative share of traffic; default 1. */
  readonly weight?: number;
  /** How the registry learns the status; absent means always passing. */
  readonly check?: InstanceCheck;
  /**
   * Status of the check until its first result; default critical. A registry that knows the check already keeps the
   * status it has: registering again is no sign of health. Deregister first, or follow with `setStatus`.
   */
  readonly status?: InstanceStatus;
}

/** How the registry learns whether an instance is well. */
export type InstanceCheck =
  | { readonly kind: "ttl"; readonly ttlMs: number; readonly deregisterAfterMs?: number }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly intervalMs: number;
      readonly timeoutMs?: number;
      readonly deregisterAfterMs?: number;
    }
  | {
      readonly kind: "tcp";
      /** host:port */
      readonly address: string;
      readonly intervalMs: number;
      readonly timeoutMs?: number;
      readonly deregisterAfterMs?: number;
    };
