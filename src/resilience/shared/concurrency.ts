import type { ConcurrencyLimit } from "../concurrency.ts";
import { forgetClusters } from "./cluster.ts";
import type { SharedMemory } from "./memory.ts";
import { forgetPlaces } from "./places.ts";
import { forgetRates } from "./rate-limit.ts";
import { forgetBudgets } from "./retry-budget.ts";

/**
 * A concurrency limit over all threads of a process: `tryEnter` admits at most `max` in all of them together.
 *
 * @param thread 0-based; its share can be given back when it died, with `forgetThread`
 */
export function sharedConcurrencyLimit(memory: SharedMemory, thread: number, max: number): ConcurrencyLimit {
  const cells = new Int32Array(memory.counts);
  const own = thread + 1;
  let limit = max;
  return {
    /** Those of this thread: what it reports adds up over all. */
    get inFlight() {
      return Atomics.load(cells, own);
    },
    tryEnter() {
      if (Atomics.add(cells, 0, 1) >= limit) {
        Atomics.sub(cells, 0, 1);
        return false;
      }
      Atomics.add(cells, own, 1);
      return true;
    },
    leave() {
      Atomics.sub(cells, own, 1);
      Atomics.sub(cells, 0, 1);
    },
    resize(next) {
      limit = next;
    },
  };
}

/** Gives back what a thread had that is gone: its places, its probes and its locks. */
export function forgetThread(memory: SharedMemory, thread: number): void {
  const cells = new Int32Array(memory.counts);
  Atomics.sub(cells, 0, Atomics.exchange(cells, thread + 1, 0));
  forgetPlaces(memory, thread);
  forgetClusters(memory, thread);
  forgetBudgets(memory, thread);
  forgetRates(memory, thread);
}
