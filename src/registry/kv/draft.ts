import { unsaid } from "../state/keys.ts";
import { type KvTable, sameEntry, sameValue } from "../state/kv.ts";
import type { Change, KvEntry, KvRow } from "../state/model.ts";

/** Keys as they will be when the steps taken so far happen: what a transaction reads and writes until it is made. */
export class KvDraft {
  readonly #table: KvTable;
  /** Index the transaction will have. */
  readonly #index: number;
  readonly #changed = new Map<string, KvRow | undefined>();

  constructor(table: KvTable, index: number) {
    this.#table = table;
    this.#index = index;
  }

  get(key: string): KvRow | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#table.get(key);
  }

  /** Rows whose keys begin so, in order. */
  under(prefix: string): KvRow[] {
    const rows = new Map(this.#table.under(prefix).map((row) => [row.key, row]));
    for (const [key, row] of this.#changed) {
      if (row === undefined) rows.delete(key);
      else if (key.startsWith(prefix)) rows.set(key, row);
    }
    return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Gives the row as it will be; one that stays as it is keeps its index. */
  put(entry: KvEntry): KvRow {
    const before = this.get(entry.key);
    if (before !== undefined && sameEntry(before, entry)) return before;
    const kept = before !== undefined && sameValue(before, entry);
    const next: KvRow = {
      ...entry,
      createIndex: before?.createIndex ?? this.#index,
      modifyIndex: this.#index,
      valueIndex: kept ? before.valueIndex : this.#index,
      written: kept ? before.written : unsaid,
    };
    this.#changed.set(entry.key, next);
    return next;
  }

  drop(key: string): void {
    if (this.get(key) !== undefined) this.#changed.set(key, undefined);
  }

  /** Keys that would change. */
  changedKeys(): string[] {
    return [...this.#changed.keys()];
  }

  /** The steps that lead there. */
  changes(): Change[] {
    return [...this.#changed].map(([key, row]): Change => {
      if (row === undefined) return { kind: "kv-gone", key };
      const { value, flags, session, lockIndex } = row;
      return { kind: "kv", entry: { key, value, flags, session, lockIndex } };
    });
  }
}
