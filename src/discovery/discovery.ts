import type { EndpointSet } from "./endpoint.ts";

/** The consuming side of a registry: who serves what, now and after each change. */
export interface Discovery extends AsyncDisposable {
  /**
   * Follows a service. The listener is called at once (synchronously) when a set is known, then on each change,
   * never twice with the same set. However many listeners, one watch runs. Dispose to stop following: the watch ends with its last
   * listener, after a moment in which another may come.
   */
  watch(service: string, listener: EndpointListener): Disposable;
  /**
   * The set of a service: the known one, or the first answer of the registry. Follows the service meanwhile and for a
   * moment longer; who asks often should watch.
   *
   * @throws TuskerError DISCOVERY_UNREACHABLE when the registry cannot be asked and nothing is known,
   * KERNEL_ABORTED when the signal fires first
   */
  lookup(service: string, signal?: AbortSignal): Promise<EndpointSet>;
  /** The set as known right now, without asking; undefined before the first answer and when nobody follows. */
  known(service: string): EndpointSet | undefined;
}

/** Hears each new snapshot of a service. Must not throw. */
export type EndpointListener = (set: EndpointSet) => void;
