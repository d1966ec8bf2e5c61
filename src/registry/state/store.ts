import type { Clock } from "../../kernel/index.ts";
import type { ChangeLog } from "./log.ts";
import type { Change, Written } from "./model.ts";
import { type Applied, Tables } from "./tables.ts";
import { keyOf, prefixOf, type Topic } from "./topics.ts";
import { versions } from "./versions.ts";
import { type Waits, waits } from "./waits.ts";

/** Tables, their versions, who waits for them, and the log they come from: the one place where anything changes. */
export interface Store {
  readonly tables: Tables;
  readonly waits: Waits;
  readonly log: ChangeLog;
  /** Index of the last change of a topic, ≥ 1. */
  version(topic: Topic): number;
  /**
   * Applies a transaction at once and resolves with its index when it is safe; with the last index when it changed
   * nothing, and then what it found is safe.
   *
   * @param by who wants it and why, for the history
   * @throws TuskerError REGISTRY_UNKNOWN, REGISTRY_STORAGE
   */
  commit(changes: readonly Change[], by?: Authorship): Promise<number>;
  /** Hears of every transaction that changed something, before the watchers do. */
  follow(follower: (applied: Applied) => void): void;
}

/** Who wants a change, and why; empty: nobody said. */
export type Authorship = Pick<Written, "author" | "reason">;

const nobody: Authorship = { author: "", reason: "" };

export interface StoreOptions {
  readonly clock: Clock;
  readonly log: ChangeLog;
  /** Default: empty. */
  readonly tables?: Tables;
  /** How many questions may wait at once. */
  readonly maxWaiting: number;
}

/** Opens a store on a log; the tables are what the log's storage held. */
export function openStore({ clock, log, tables = new Tables(), maxWaiting }: StoreOptions): Store {
  const floor = log.last;
  const known = versions(floor);
  const sleeping = waits(clock, maxWaiting);
  const followers: ((applied: Applied) => void)[] = [];
  return {
    tables,
    waits: sleeping,
    log,
    version(topic) {
      // Keys carry their own index: a version of each beside it would only take room from the topics.
      const key = keyOf(topic);
      if (key !== undefined) return Math.max(floor, tables.kv.versionOf(key));
      const prefix = prefixOf(topic);
      if (prefix !== undefined) return Math.max(floor, tables.kv.versionUnder(prefix));
      return known.of(topic);
    },
    async commit(changes, by = nobody) {
      log.assertWritable();
      const atMs = clock.wall();
      const applied = tables.apply(log.last + 1, changes, { atMs, ...by });
      const changed = applied.changes.length > 0;
      const index = changed ? log.last + 1 : log.last;
      if (changed) {
        known.bump(applied.touched, index);
        log.append({ index, atMs, changes: applied.changes });
        for (const follower of followers) follower(applied);
        sleeping.wake(applied.touched, applied.keys);
      }
      await log.settled(index);
      return index;
    },
    follow(follower) {
      followers.push(follower);
    },
  };
}
