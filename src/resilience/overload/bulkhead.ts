import type { Clock, Timer } from "../../kernel/index.ts";
import { ownPlaces, type Places } from "./places.ts";

/** Who goes first when there is not room for all. */
export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

export interface BulkheadSettings {
  /** Requests at once; asked each time, because an adaptive limit moves. */
  readonly limit: () => number;
  /** Most requests that wait for a place, of all who share the line; 0 refuses at once. */
  readonly maxQueued: number;
  /** Longest wait; milliseconds. */
  readonly maxWaitMs: number;
}

/** Why a request was let in or not. `aborted`: it was given up by its sender while it waited. */
export type Entry = "entered" | "full" | "waited" | "aborted";

/** Bounds what one service has under way: so many run, so many wait, the rest is refused while that is cheap. */
export interface Bulkhead {
  /** Of all who share the places. */
  readonly inFlight: number;
  /** Of those that wait here. */
  readonly queued: number;
  /**
   * Takes a place, or waits for one. Whoever hears `entered` calls `leave` once. Without a wait the answer is there at
   * once, and no promise is made.
   *
   * @param mostMs waits no longer than this, whatever the settings say: the time the request itself has left
   */
  enter(priority: Priority, signal?: AbortSignal, mostMs?: number): Entry | Promise<Entry>;
  /** Takes a place if there is one at once, and says nothing of one that is not. Whoever got one calls `leave` once. */
  tryEnter(): boolean;
  leave(): void;
}

/** Where requests are counted; default: nobody else does. */
export interface BulkheadRoom {
  /** Those that run. */
  readonly places?: Places;
  /** Those that wait. */
  readonly line?: Places;
}

/**
 * A concurrency breaker with a bounded queue. Higher priority goes first, and takes the place in a full queue of the
 * latest among the lowest: under overload it is the least important that is refused. Within one priority: first come,
 * first served. Where threads share places and line each keeps the order of those that wait with it, and makes room among
 * them alone.
 *
 * @example const gate = bulkhead({ limit: () => 1024, maxQueued: 1024, maxWaitMs: 1_000 }, clock);
 */
export function bulkhead(settings: BulkheadSettings, clock: Clock, room: BulkheadRoom = {}): Bulkhead {
  const { places = ownPlaces(), line = ownPlaces() } = room;
  const queues: Record<Priority, Waiter[]> = { high: [], normal: [], low: [] };
  let queued = 0;
  /** While somebody waits: others may give back what they had. */
  let watching: Disposable | undefined;

  const settle = (waiter: Waiter, entry: Entry): void => {
    waiter.timer?.cancel();
    waiter.signal?.removeEventListener("abort", waiter.onAbort);
    waiter.resolve(entry);
  };
  /** It waits no more; its place in the line is not given back. False when it did not wait. */
  const unqueue = (waiter: Waiter): boolean => {
    const queue = queues[waiter.priority];
    const at = queue.indexOf(waiter);
    if (at < 0) return false;
    queue.splice(at, 1);
    gone();
    return true;
  };
  const remove = (waiter: Waiter, entry: Entry): void => {
    if (!unqueue(waiter)) return;
    line.give();
    settle(waiter, entry);
  };
  const gone = (): void => {
    queued--;
    if (queued > 0) return;
    watching?.[Symbol.dispose]();
    watching = undefined;
  };
  const admitWaiting = (): void => {
    while (queued > 0 && places.tryTake(settings.limit())) {
      const next = queues.high.shift() ?? queues.normal.shift() ?? queues.low.shift();
      if (next === undefined) {
        places.give();
        return;
      }
      gone();
      line.give();
      settle(next, "entered");
    }
  };
  /** Gives a newcomer the place of one here that matters less; false when there is nobody to give way. */
  const displace = (priority: Priority): boolean => {
    const lower = priorities.slice(priorities.indexOf(priority) + 1).reverse();
    const victim = lower.map((one) => queues[one].at(-1)).find((one) => one !== undefined);
    if (victim === undefined) return false;
    unqueue(victim);
    settle(victim, "full");
    return true;
  };
  const wait = (priority: Priority, signal: AbortSignal | undefined, mostMs: number): Promise<Entry> =>
    new Promise((resolve) => {
      const waiter: Waiter = {
        priority,
        signal,
        resolve,
        timer: undefined,
        onAbort: () => remove(waiter, "aborted"),
      };
      waiter.timer = clock.after(Math.min(settings.maxWaitMs, mostMs), () => remove(waiter, "waited"));
      signal?.addEventListener("abort", waiter.onAbort, { once: true });
      queues[priority].push(waiter);
      queued++;
      watching ??= places.watch(admitWaiting);
    });

  const tryEnter = (): boolean => queued === 0 && places.tryTake(settings.limit());

  return {
    get inFlight() {
      return places.taken;
    },
    get queued() {
      return queued;
    },
    tryEnter,
    enter(priority, signal, mostMs = Number.POSITIVE_INFINITY) {
      if (tryEnter()) return "entered";
      if (signal?.aborted === true) return "aborted";
      if (settings.maxQueued === 0) return "full";
      if (!line.tryTake(settings.maxQueued) && !displace(priority)) return "full";
      const entry = wait(priority, signal, mostMs);
      // The limit may have grown since the last one left.
      admitWaiting();
      return entry;
    },
    leave() {
      places.give();
      admitWaiting();
    },
  };
}

interface Waiter {
  readonly priority: Priority;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (entry: Entry) => void;
  readonly onAbort: () => void;
  timer: Timer | undefined;
}
