import type { Endpoint } from "./endpoint.ts";

/** One way to learn, and go on learning, where a service is. */
export interface Source {
  /**
   * Tells what is true, then what becomes true. Resolves when it cannot serve this registry and another source must.
   *
   * @throws TuskerError when it lost the registry, KERNEL_ABORTED when the signal fires
   */
  run(hear: Hearer, signal: AbortSignal): Promise<void>;
}

/** Who listens to a source. */
export interface Hearer {
  /** All endpoints of the service, now. */
  tell(endpoints: readonly Endpoint[]): void;
  /** The registry begins anew: what it says next may be less than it knows. */
  doubt(): void;
  /** The registry never lost sight of us: what it says is all there is. */
  trust(): void;
}
