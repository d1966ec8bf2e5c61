import type { BreakerState } from "../resilience/index.ts";
import type { Meters } from "./meters.ts";

/** Breakers of a service. */
interface Judged {
  readonly service: string;
  readonly endpoints: readonly { readonly id: string; readonly breaker: BreakerState }[];
}

/** What is shown of breakers among the metrics. */
export interface BreakerGauges {
  /** The breaker of an endpoint has changed: from now on it is shown. */
  changed(service: string, endpoint: string): void;
  /** Sets the gauges to what is now. */
  show(services: readonly Judged[]): void;
}

/**
 * Gauges of breakers are set when somebody looks: it may have been another thread that changed one. Those that never opened
 * are not shown, and those of endpoints that left are closed.
 */
export function breakerGauges(set: Meters["breaker"]): BreakerGauges {
  const shown = new Map<string, readonly [service: string, endpoint: string]>();
  const changed = (service: string, endpoint: string): void =>
    void shown.set(`${service}\n${endpoint}`, [service, endpoint]);
  return {
    changed,
    show(services) {
      const gone = new Map(shown);
      for (const { service, endpoints } of services)
        for (const { id, breaker } of endpoints) {
          if (breaker !== "closed") changed(service, id);
          if (!shown.has(`${service}\n${id}`)) continue;
          gone.delete(`${service}\n${id}`);
          set(service, id, breaker);
        }
      for (const [key, [service, endpoint]] of gone) {
        set(service, endpoint, "closed");
        shown.delete(key);
      }
    },
  };
}
