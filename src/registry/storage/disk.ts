/** One row that changed, as it is kept: what it is, its name among its kind, and its text; no text: it is gone. */
export interface StoredChange {
  readonly index: number;
  readonly atMs: number;
  readonly kind: StoredKind;
  readonly key: string;
  readonly value: string | undefined;
}

/** Kinds of rows in the order in which they are read back: nothing comes before what it hangs on. */
export const storedKinds = ["node", "service", "check", "session", "kv", "version"] as const;

export type StoredKind = (typeof storedKinds)[number];

/** One row as it was found. */
export interface StoredRow {
  readonly kind: StoredKind;
  readonly key: string;
  readonly value: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** Where changes are kept. A port: the log above it is tested with one that fails on demand. */
export interface Disk {
  /** Index of the last change found; 0 when there was none. */
  readonly last: number;
  /** Every row found, in the order of `storedKinds`, some thousands at a time. Read once, before the first write. */
  readonly rows: AsyncIterable<readonly StoredRow[]>;
  /** Resolves when all of the batch is on disk; none of it is when it rejects. Never called while another one runs. */
  write(batch: readonly StoredChange[]): Promise<void>;
  close(): Promise<void>;
}
