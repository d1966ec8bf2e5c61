import type { Clock } from "../../kernel/index.ts";

/** Something somebody told everybody. */
export interface UserEvent {
  readonly id: string;
  readonly name: string;
  /** Base64. */
  readonly payload: string;
  readonly nodeFilter: string;
  readonly serviceFilter: string;
  readonly tagFilter: string;
  /** Order of the events of this process. */
  readonly order: number;
  /** What a reader goes on from. */
  readonly index: number;
}

/** The last events, in memory: they are signals, not records. */
export interface EventRing {
  add(event: Omit<UserEvent, "order" | "index">): UserEvent;
  /** Oldest first; of one name, or all. */
  list(name?: string): readonly UserEvent[];
  /** Index of the last event; 1: none. It outlives the event, and is above every index of an earlier process. */
  version(name?: string): number;
}

/** Names whose last index is remembered after their events are gone. */
const maxNames = 10_000;

export function eventRing(clock: Clock, capacity: number = 256): EventRing {
  const events: UserEvent[] = [];
  const lastOf = new Map<string, number>();
  let last = 1;
  let order = 0;
  return {
    add(event) {
      last = Math.max(last + 1, Math.floor(clock.wall()));
      const added = { ...event, order: ++order, index: last };
      events.push(added);
      if (events.length > capacity) events.shift();
      lastOf.delete(event.name);
      lastOf.set(event.name, last);
      const [oldest] = lastOf.keys();
      if (lastOf.size > maxNames && oldest !== undefined) lastOf.delete(oldest);
      return added;
    },
    list: (name) => (name === undefined ? [...events] : events.filter((event) => event.name === name)),
    version: (name) => (name === undefined ? last : (lastOf.get(name) ?? 1)),
  };
}
