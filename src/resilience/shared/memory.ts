import { breakerCells } from "../breaker.ts";
import { loadCells } from "../load.ts";
import { outlierCells } from "../outlier.ts";
import { budgetCells } from "../retry/retry-budget.ts";
import { type RowsShape, rowsBytes } from "./rows.ts";

/**
 * What threads of one process share: counts and rate limits that are exact over all of them, without a server. Plain
 * memory, handed to each thread at its start.
 */
export interface SharedMemory {
  /** Requests under way: of all threads, then of each. */
  readonly counts: SharedArrayBuffer;
  /** Rate limits: what is known of each key. */
  readonly rates: SharedArrayBuffer;
  /** Places at services: a row for each name. */
  readonly places: SharedArrayBuffer;
  /** Clusters: a row for each service and each endpoint. */
  readonly clusters: SharedArrayBuffer;
  /** Retry budgets: a row for each service. */
  readonly budgets: SharedArrayBuffer;
  readonly threads: number;
  /** Chosen at the start, so that nobody outside can make two keys meet. */
  readonly seed: number;
}

/** Keys that share a lock; the one unused for longest makes room. */
export const bucketKeys = 8;
/** A lock of 8 bytes, then the keys. */
export const keyBytes = 40;
export const bucketBytes = 8 + bucketKeys * keyBytes;

/** Words of a row of places before the numbers of each thread. */
export const placesHead = 5;
/** Services that have places; further ones give each thread a part. */
const placesRows = 2_048;

/** Services and endpoints that threads know of together. */
const clusterRows = 16_384;
const policies = [breakerCells, outlierCells, loadCells] as const;
const policyWords = policies.reduce((sum, { words }) => sum + words, 0);
const policyNumbers = policies.reduce((sum, { numbers }) => sum + numbers, 0);
/**
 * What stands in the words of such a row: the lock of a cluster, what policies keep, then of each thread its requests, and
 * those it awaits an answer to. Numbers: what policies keep, then of each thread since when it hears nothing.
 */
export const clusterWord = { lock: 0, policies: 1, running: 1 + policyWords } as const;
export const clusterNumber = { quiet: policyNumbers } as const;

export function clusterShape(threads: number): RowsShape {
  return {
    rows: clusterRows,
    threads,
    words: clusterWord.running + 2 * threads,
    numbers: policyNumbers + threads,
  };
}

/** Services with a retry budget over all threads; of further ones each thread has its part. */
const budgetRows = 2_048;

export function budgetShape(threads: number): RowsShape {
  return { rows: budgetRows, threads, words: 1, numbers: budgetCells.numbers };
}

export interface SharedMemoryOptions {
  readonly threads: number;
  /** Keys remembered over all limits, at least; default 131,072 (5 MiB). */
  readonly keys?: number;
  readonly seed: number;
}

export function sharedMemory({ threads, keys = 131_072, seed }: SharedMemoryOptions): SharedMemory {
  const buckets = Math.ceil(keys / bucketKeys);
  return {
    counts: new SharedArrayBuffer((1 + threads) * 4),
    places: new SharedArrayBuffer(placesRows * (placesHead + threads) * 4),
    clusters: new SharedArrayBuffer(rowsBytes(clusterShape(threads))),
    budgets: new SharedArrayBuffer(rowsBytes(budgetShape(threads))),
    threads,
    rates: new SharedArrayBuffer(buckets * bucketBytes),
    seed: seed >>> 0,
  };
}
