import type { Clock } from "../../kernel/index.ts";
import type { ChangeLog } from "./log.ts";
import type { Change } from "./model.ts";
import { type Applied, Tables } from "./tables.ts";
import { type Versions, versions } from "./versions.ts";
import { type Waits, waits } from "./waits.ts";

/** Tables, their versions, who waits for them, and the log they come from: the one place where anything changes. */
export interface Store {
  readonly tables: Tables;
  readonly versions: Versions;
  readonly waits: Waits;
  readonly log: ChangeLog;
  /**
   * Applies a transaction at once and resolves with its index when the log has it; with the last index when it
   * changed nothing.
   *
   * @throws TuskerError REGISTRY_UNKNOWN
   */
  commit(changes: readonly Change[]): Promise<number>;
  /** Hears of every transaction that changed something, before the watchers do. */
  follow(follower: (applied: Applied) => void): void;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly log: ChangeLog;
  /** How many questions may wait at once. */
  readonly maxWaiting: number;
}

/** @param options an empty log; the tables start empty with it */
export function openStore({ clock, log, maxWaiting }: StoreOptions): Store {
  const tables = new Tables();
  const known = versions(log.last);
  const sleeping = waits(clock, maxWaiting);
  const followers: ((applied: Applied) => void)[] = [];
  return {
    tables,
    versions: known,
    waits: sleeping,
    log,
    async commit(changes) {
      const index = log.last + 1;
      const applied = tables.apply(index, changes);
      if (applied.changes.length === 0) return log.last;
      known.bump(applied.touched, index);
      const kept = log.append({ index, atMs: clock.wall(), changes: applied.changes });
      for (const follower of followers) follower(applied);
      sleeping.wake(applied.touched);
      await kept;
      return index;
    },
    follow(follower) {
      followers.push(follower);
    },
  };
}
