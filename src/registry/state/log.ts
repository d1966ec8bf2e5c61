import type { Change } from "./model.ts";

/** One transaction that changed something, with everything that followed from it. */
export interface LogEntry {
  /** Strictly increasing. */
  readonly index: number;
  /** When, milliseconds since the epoch. */
  readonly atMs: number;
  readonly changes: readonly Change[];
}

/** The ordered sequence of changes: the truth from which tables can be rebuilt, and the audit trail. */
export interface ChangeLog {
  /** Index of the last entry, or where numbering starts when there is none; ≥ 1. */
  readonly last: number;
  /** @throws TuskerError REGISTRY_STORAGE when nothing more can be kept */
  assertWritable(): void;
  /** Takes an entry whose index is higher than `last`. */
  append(entry: LogEntry): void;
  /**
   * Resolves when everything up to an index is as safe as this log makes it; undefined when it is so already.
   *
   * @throws TuskerError REGISTRY_STORAGE when it never will be
   */
  settled(index: number): Promise<void> | undefined;
  /** Entries after an index, oldest first; undefined when some of them are no longer kept. */
  since(index: number): readonly LogEntry[] | undefined;
  /** Waits until everything is safe; nothing is taken from then on. */
  close(): Promise<void>;
}

/** Characters of values that are kept at most: a few large values written again and again would else fill the memory. */
const maxKeptChars = 16_000_000;

/**
 * A log in memory that keeps the last `capacity` entries, fewer when they are large.
 *
 * @param start numbering starts above it. Hand in something that grows from one process to the next (the wall clock
 * in milliseconds): a client that still holds an index of the process before then gets its answer at once, where an
 * index out of the past would leave it waiting with an old list.
 */
export function memoryLog(start: number, capacity: number = 10_000): ChangeLog {
  let last = Math.max(1, Math.floor(start));
  let forgotten = last;
  const entries: LogEntry[] = [];
  let kept = 0;
  const forget = (count: number): void => {
    const dropped = entries.splice(0, count);
    forgotten = dropped.at(-1)?.index ?? forgotten;
    for (const entry of dropped) kept -= weightOf(entry);
  };
  return {
    get last() {
      return last;
    },
    assertWritable: () => undefined,
    append(entry) {
      last = entry.index;
      entries.push(entry);
      kept += weightOf(entry);
      // Dropped in bulk: shifting a long array by one on each write would cost as much as all else together.
      if (entries.length > capacity * 2) forget(entries.length - capacity);
      if (kept > maxKeptChars) forget(Math.ceil(entries.length / 2));
    },
    settled: () => undefined,
    since(index) {
      if (index < forgotten) return undefined;
      return entries.slice(lowerBound(entries, index));
    },
    close: () => Promise.resolve(),
  };
}

function weightOf({ changes }: LogEntry): number {
  return changes.reduce((sum, change) => sum + (change.kind === "kv" ? change.entry.value.length : 0), 0);
}

/** Position of the first entry after `index`. */
function lowerBound(entries: readonly LogEntry[], index: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && entry.index <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}
