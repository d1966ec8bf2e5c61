import { breakerCells, breakerHeld } from "../breaker.ts";
import type { Cells, CellsSize, Lock } from "../cells.ts";
import { type ClusterMemory, type EndpointMemory, ownClusterMemory, wholeCells } from "../cluster-memory.ts";
import type { Running } from "../load.ts";
import { outlierCells } from "../outlier.ts";
import { forgetLock, sharedLock } from "./lock.ts";
import { clusterShape, clusterWord, type SharedMemory } from "./memory.ts";
import { type Row, SharedRows } from "./rows.ts";

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
  rowsOf(memory, thread).forget(({ words }) => {
    forgetLock(words, clusterWord.lock, thread);
    giveProbeBack(words, thread);
    Atomics.store(words, clusterWord.running + thread, 0);
  });
}

function giveProbeBack(words: Int32Array<SharedArrayBuffer>, thread: number): void {
  Atomics.compareExchange(words, clusterWord.policies + breakerHeld, thread + 1, 0);
}

function rowsOf({ clusters, threads, seed }: SharedMemory, thread: number): SharedRows {
  return new SharedRows(clusters, clusterShape(threads), { seed, thread });
}

/** The cells of one policy in a row. @param behind what stands before them */
function part({ words, numbers }: Row, size: CellsSize, lock: Lock, behind: CellsSize = nothing): Cells {
  const first = clusterWord.policies + behind.words;
  return {
    words: words.subarray(first, first + size.words),
    numbers: numbers.subarray(behind.numbers, behind.numbers + size.numbers),
    lock,
  };
}

const nothing: CellsSize = { words: 0, numbers: 0 };

function endpointMemory(rows: SharedRows, row: Row, lock: Lock, thread: number): EndpointMemory {
  const { words } = row;
  const running = new SharedRunning(words.subarray(clusterWord.running), thread);
  return {
    breaker: part(row, breakerCells, lock),
    outlier: part(row, outlierCells, lock, breakerCells),
    running,
    [Symbol.dispose]() {
      running.close();
      giveProbeBack(words, thread);
      rows.release(row);
    },
  };
}

/** Each thread writes its own number and reads them all. */
class SharedRunning implements Running {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;
  #own = 0;
  #closed = false;

  constructor(words: Int32Array<SharedArrayBuffer>, thread: number) {
    this.#words = words;
    this.#thread = thread;
  }

  get own(): number {
    return this.#own;
  }

  get all(): number {
    let all = 0;
    // Read one by one without order: a number that is a moment old is as good.
    for (let i = 0; i < this.#words.length; i++) all += this.#words[i] ?? 0;
    return all;
  }

  add(by: 1 | -1): void {
    this.#own += by;
    if (!this.#closed) this.#tell(by);
  }

  /** What still runs is no longer told. */
  close(): void {
    this.#tell(-this.#own);
    this.#closed = true;
  }

  #tell(by: number): void {
    const at = this.#thread;
    // Nobody else writes it.
    this.#words[at] = (this.#words[at] ?? 0) + by;
  }
}
