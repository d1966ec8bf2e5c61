import { breakerCells, breakerHeld } from "../breaker.ts";
import type { Cells, CellsSize, Lock } from "../cells.ts";
import { type ClusterMemory, type EndpointMemory, ownClusterMemory, wholeCells } from "../cluster-memory.ts";
import { loadCells } from "../load.ts";
import { outlierCells } from "../outlier.ts";
import { forgetLock, sharedLock } from "./lock.ts";
import { clusterShape, clusterWord, type SharedMemory } from "./memory.ts";
import { type Row, SharedRows } from "./rows.ts";
import { SharedRunning } from "./running.ts";

/**
 * What all threads of a process know together of the endpoints of one service: breakers, comparisons, requests under
 * way. One lock for all of it. An endpoint for which there is no room any more is judged by each thread alone.
 *
 * @param name two of one name are the same, in every thread
 * @param thread 0-based; what it held is given back when it died, with `forgetThread`
 */
export function sharedCluster(memory: SharedMemory, name: string, thread: number): ClusterMemory {
  const rows = rowsOf(memory, thread);
  const alone = ownClusterMemory();
  const whole = rows.take(name);
  if (whole === undefined) return alone;
  const lock = sharedLock(whole.words, clusterWord.lock, thread);
  return {
    whole: part(whole, wholeCells, lock),
    endpoint(id) {
      const row = rows.take(`${name}\n${id}`);
      return row === undefined ? alone.endpoint(id) : endpointMemory(rows, row, lock, thread);
    },
    [Symbol.dispose]: () => rows.release(whole),
  };
}

/** Lets go of what a thread held that is gone: locks, probes, requests under way. */
export function forgetClusters(memory: SharedMemory, thread: number): void {
  rowsOf(memory, thread).forget((row) => {
    const { words } = row;
    forgetLock(words, clusterWord.lock, thread);
    giveProbeBack(words, thread);
    new SharedRunning(row, thread).forget();
  });
}

function giveProbeBack(words: Int32Array<SharedArrayBuffer>, thread: number): void {
  Atomics.compareExchange(words, clusterWord.policies + breakerHeld, thread + 1, 0);
}

function rowsOf({ clusters, threads, seed }: SharedMemory, thread: number): SharedRows {
  return new SharedRows(clusters, clusterShape(threads), { seed, thread });
}

/** The cells of one policy in a row. @param before what stands before them */
function part({ words, numbers }: Row, size: CellsSize, lock: Lock, ...before: CellsSize[]): Cells {
  const word = before.reduce<number>((sum, one) => sum + one.words, clusterWord.policies);
  const number = before.reduce((sum, one) => sum + one.numbers, 0);
  return {
    words: words.subarray(word, word + size.words),
    numbers: numbers.subarray(number, number + size.numbers),
    lock,
  };
}

function endpointMemory(rows: SharedRows, row: Row, lock: Lock, thread: number): EndpointMemory {
  const running = new SharedRunning(row, thread);
  return {
    breaker: part(row, breakerCells, lock),
    outlier: part(row, outlierCells, lock, breakerCells),
    load: part(row, loadCells, lock, breakerCells, outlierCells),
    running,
    [Symbol.dispose]() {
      running.close();
      giveProbeBack(row.words, thread);
      rows.release(row);
    },
  };
}
