import type { InstanceState } from "./supervise/instance.ts";

/** What happened in a fleet, for terminals, event streams and logs. */
export type FleetEvent =
  | { readonly type: "assumed"; readonly external: string; readonly neededBy: readonly string[] }
  | {
      readonly type: "external";
      readonly external: string;
      readonly address: string;
      readonly reachable: boolean;
    }
  | {
      readonly type: "state";
      readonly service: string;
      readonly instance: string;
      readonly state: InstanceState;
      readonly pid?: number;
    }
  | {
      readonly type: "ready";
      readonly service: string;
      readonly instance: string;
      readonly port: number;
      readonly grpcPort?: number;
      readonly pid?: number;
      readonly tookMs: number;
      readonly waitedFor: readonly string[];
    }
  | {
      readonly type: "exited";
      readonly service: string;
      readonly instance: string;
      readonly pid: number;
      /** "code 1" or "SIGKILL". */
      readonly reason: string;
      readonly uptimeMs: number;
      readonly retryMs: number;
      readonly lastWords: readonly string[];
    }
  | {
      readonly type: "crash-loop";
      readonly service: string;
      readonly instance: string;
      readonly exits: number;
      readonly withinMs: number;
      readonly lastWords: readonly string[];
    }
  | {
      readonly type: "slow-start";
      readonly service: string;
      readonly instance: string;
      readonly afterMs: number;
    }
  | { readonly type: "notice"; readonly text: string };

/** An event and when it happened, milliseconds since the epoch. */
export type TimedEvent = FleetEvent & { readonly at: number };

/** Tells everybody who listens; keeps the last events for who comes late. */
export interface EventHub {
  emit(event: FleetEvent): void;
  subscribe(listener: (event: TimedEvent) => void): Disposable;
  recent(): readonly TimedEvent[];
}

/** @param wall gives milliseconds since the epoch. @param capacity events kept; default 500 */
export function eventHub(wall: () => number, capacity: number = 500): EventHub {
  const listeners = new Set<(event: TimedEvent) => void>();
  const kept: TimedEvent[] = [];
  return {
    emit(event) {
      const timed: TimedEvent = { ...event, at: wall() };
      kept.push(timed);
      if (kept.length > capacity) kept.shift();
      for (const listener of listeners) listener(timed);
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    recent: () => [...kept],
  };
}
