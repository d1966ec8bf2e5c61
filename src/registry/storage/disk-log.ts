import { messageOf, TuskerError } from "../../kernel/index.ts";
import { type ChangeLog, memoryLog } from "../state/log.ts";
import type { Disk, StoredChange } from "./disk.ts";
import { toStored } from "./stored.ts";

/** Changes that may wait for the disk: minutes of writes at full speed, and some tens of megabytes. */
const maxPending = 100_000;

export interface DiskLogOptions {
  /** Numbering goes on above the higher of this and what the disk holds. */
  readonly start: number;
  /** Named in errors. */
  readonly path: string;
  /** Hears, once, that the disk failed. */
  readonly onFailure: (error: TuskerError) => void;
}

/**
 * A log on disk with group commit: while one batch is being synced the next one gathers, so that a sync serves
 * everybody who came in the meantime. After a failed sync nobody knows what is on the disk, and asking it again would
 * only hide that: no write is taken any more, and what was not safe then is never shown.
 */
export function diskLog(disk: Disk, options: DiskLogOptions): ChangeLog {
  const recent = memoryLog(Math.max(options.start, disk.last));
  let safe = recent.last;
  let gathering = newBatch();
  let writing: Batch | undefined;
  let planned = false;
  let broken: TuskerError | undefined;
  let closed: Promise<void> | undefined;

  const flush = (): void => {
    planned = false;
    if (writing !== undefined || broken !== undefined || gathering.changes.length === 0) return;
    const batch = gathering;
    writing = batch;
    gathering = newBatch();
    disk.write(batch.changes).then(() => {
      safe = batch.last;
      writing = undefined;
      batch.done.resolve();
      flush();
    }, fail);
  };
  const plan = (): void => {
    if (planned || writing !== undefined) return;
    planned = true;
    // After this turn of the loop: requests that arrived together share the first sync as well.
    setImmediate(flush);
  };
  const fail = (cause: unknown): void => {
    broken = new TuskerError(
      "REGISTRY_STORAGE",
      `the registry cannot write to ${options.path} (${messageOf(cause)}); it answers what it knows for certain and refuses writes until it is started again on a disk that works`,
      { cause, details: { status: 500 } },
    );
    options.onFailure(broken);
    for (const batch of [writing, gathering]) batch?.done.reject(broken);
  };
  const idle = async (): Promise<void> => {
    for (const batch of [writing, gathering]) {
      if (batch !== undefined && batch.changes.length > 0) await batch.done.promise.catch(() => {});
    }
    await disk.close();
  };

  return {
    get last() {
      return recent.last;
    },
    assertWritable() {
      if (broken !== undefined) throw broken;
      if (closed !== undefined || gathering.changes.length >= maxPending) {
        const why = closed === undefined ? "the disk does not keep up" : "the registry is stopping";
        throw new TuskerError("REGISTRY_STORAGE", `not written: ${why}`, { details: { status: 500 } });
      }
    },
    append(entry) {
      recent.append(entry);
      gathering.last = entry.index;
      for (const change of entry.changes) gathering.changes.push(toStored(entry, change));
      plan();
    },
    settled(index) {
      if (index <= safe) return undefined;
      if (writing !== undefined && index <= writing.last) return writing.done.promise;
      return gathering.done.promise;
    },
    since: (index) => recent.since(index),
    close: () => (closed ??= idle()),
  };
}

interface Batch {
  readonly changes: StoredChange[];
  readonly done: PromiseWithResolvers<void>;
  last: number;
}

function newBatch(): Batch {
  const done = Promise.withResolvers<void>();
  // Who waits for it hears of a failure; that nobody may be waiting is no failure of its own.
  done.promise.catch(() => {});
  return { changes: [], done, last: 0 };
}
