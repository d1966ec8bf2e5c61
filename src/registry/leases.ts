import { type Clock, type Timer, TuskerError } from "../kernel/index.ts";
import type { Checker } from "./checks/checker.ts";
import type { Store } from "./state/store.ts";

/** A lease that is held by whoever reads its bytes. */
export interface OpenLease extends Disposable {
  /** A line at once, an empty one from time to time, and the end when the lease is over. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Leases of the instances of this node: an instance is alive as long as a connection of its process is. */
export interface Leases extends Disposable {
  /**
   * Gives an instance a check that passes as long as the lease is held, and the lease. One that was held before is
   * over. Undefined: too many are held.
   *
   * @throws TuskerError REGISTRY_UNKNOWN when the instance is not there, REGISTRY_STORAGE
   */
  open(serviceId: string, deregisterAfterMs: number, signal: AbortSignal): Promise<OpenLease | undefined>;
  /** How many are held. */
  readonly held: number;
}

export interface LeasesOptions {
  readonly store: Store;
  readonly checks: Checker;
  readonly node: string;
  readonly clock: Clock;
  /** How many may be held at once. */
  readonly max: number;
}

/** How often a lease says that the registry is there. */
const beatMs = 10_000;
const beat = Buffer.from("\n");

/** Id of the check that a lease is. */
export function leaseCheckId(serviceId: string): string {
  return `lease:${serviceId}`;
}

/** Opens leases over a store; each ends with its connection, with its instance, and when the registry ends. */
export function leases({ store, checks, node, clock, max }: LeasesOptions): Leases {
  const held = new Map<string, Held>();
  store.follow(({ changes }) => {
    for (const change of changes) {
      if (change.kind === "check-gone" && change.node === node) held.get(change.id)?.end();
    }
  });
  return {
    async open(serviceId, deregisterAfterMs, signal) {
      const id = leaseCheckId(serviceId);
      if (store.tables.service(node, serviceId) === undefined) {
        throw new TuskerError("REGISTRY_UNKNOWN", `unknown service ID: ${serviceId}`, {
          details: { status: 404 },
        });
      }
      if (held.size >= max && !held.has(id)) return undefined;
      const safe = store.commit([{ kind: "check", check: checkRow(node, serviceId, deregisterAfterMs) }]);
      // From here on, before it is safe: who dies in this moment must be missed too.
      held.get(id)?.end();
      const lease = new Held(checks.hold(id), clock, () => held.delete(id));
      held.set(id, lease);
      signal.addEventListener("abort", () => lease[Symbol.dispose](), { once: true });
      if (signal.aborted) lease[Symbol.dispose]();
      try {
        await safe;
      } catch (error) {
        lease[Symbol.dispose]();
        throw error;
      }
      return { bytes: lease.bytes(id), [Symbol.dispose]: () => lease[Symbol.dispose]() };
    },
    get held() {
      return held.size;
    },
    [Symbol.dispose]() {
      for (const lease of [...held.values()]) lease.end();
    },
  };
}

class Held implements Disposable {
  readonly #hold: Disposable | undefined;
  readonly #clock: Clock;
  readonly #forget: () => void;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(hold: Disposable | undefined, clock: Clock, forget: () => void) {
    this.#hold = hold;
    this.#clock = clock;
    this.#forget = forget;
  }

  async *bytes(id: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${JSON.stringify({ CheckID: id })}\n`);
    while (!this.#over) {
      await this.#pause();
      if (!this.#over) yield beat;
    }
  }

  /** Its stream is complete: somebody else holds the lease, or nobody can any more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#forget();
    this.#wake?.();
  }

  /** Its connection is gone. */
  [Symbol.dispose](): void {
    this.end();
    this.#hold?.[Symbol.dispose]();
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer: Timer = this.#clock.after(beatMs, resolve, { background: true });
    this.#wake = () => {
      timer.cancel();
      resolve();
    };
    return promise;
  }
}

function checkRow(node: string, serviceId: string, deregisterAfterMs: number) {
  const policy = { successBeforePassing: 0, failuresBeforeWarning: 0, failuresBeforeCritical: 0 };
  return {
    node,
    id: leaseCheckId(serviceId),
    name: "Lease",
    status: "passing",
    notes: "",
    output: "Held by a connection of its process",
    serviceId,
    serviceName: "",
    serviceTags: [],
    type: "lease",
    spec: { kind: "lease", ...policy, deregisterAfterMs },
  } as const;
}
