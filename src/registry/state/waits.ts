import type { Clock } from "../../kernel/index.ts";
import { prefixOf, type Topic, topics } from "./topics.ts";

/** Questions that wait for a change of a topic. */
export interface Waits {
  /**
   * Resolves when the topic changes, when `waitMs` are over, when the signal fires or when `release` is called;
   * undefined, at once, when too many wait already.
   */
  on(topic: Topic, waitMs: number, signal: AbortSignal): Promise<void> | undefined;
  /** Wakes who waits for one of these topics, for one of these keys, or for what one of them begins with. */
  wake(touched: Iterable<Topic>, keys?: Iterable<string>): void;
  /** Wakes everybody, now and from now on. */
  release(): void;
  /** How many wait now. */
  readonly waiting: number;
  /** How many were turned away. */
  readonly refused: number;
}

/** @param max how many may wait at once */
export function waits(clock: Clock, max: number): Waits {
  const sleepers = new Map<Topic, Set<() => void>>();
  /** Topics of `sleepers` that are about keys that begin alike. */
  const prefixes = new Map<Topic, string>();
  let waiting = 0;
  let refused = 0;
  let released = false;

  const sleep = (topic: Topic, waitMs: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const group = sleepers.get(topic) ?? new Set();
    sleepers.set(topic, group);
    const prefix = prefixOf(topic);
    if (prefix !== undefined) prefixes.set(topic, prefix);
    waiting++;
    const end = (): void => {
      if (!group.delete(end)) return;
      if (group.size === 0 && sleepers.get(topic) === group) {
        sleepers.delete(topic);
        prefixes.delete(topic);
      }
      waiting--;
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    group.add(end);
    const timer = clock.after(waitMs, end, { background: true });
    signal.addEventListener("abort", end, { once: true });
    return promise;
  };

  const wakeAll = (topic: Topic): void => {
    for (const end of [...(sleepers.get(topic) ?? [])]) end();
  };

  return {
    on(topic, waitMs, signal) {
      if (released || signal.aborted) return Promise.resolve();
      if (waiting < max) return sleep(topic, waitMs, signal);
      refused++;
      return undefined;
    },
    wake(touched, keys = []) {
      if (waiting === 0) return;
      for (const topic of touched) wakeAll(topic);
      for (const key of keys) {
        wakeAll(topics.key(key));
        for (const [topic, prefix] of [...prefixes]) if (key.startsWith(prefix)) wakeAll(topic);
      }
    },
    release() {
      released = true;
      for (const group of [...sleepers.values()]) for (const end of [...group]) end();
    },
    get waiting() {
      return waiting;
    },
    get refused() {
      return refused;
    },
  };
}
