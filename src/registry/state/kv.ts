import type { KvEntry, KvRow } from "./model.ts";

/** Deleted keys that are remembered, so that a reader who missed a deletion hears of it. */
const maxTombstones = 10_000;

/** Keys in order, who holds them, and the index of the last change of a key or of what begins like it. */
export class KvTable {
  readonly #rows = new Map<string, KvRow>();
  /** Every key, in order. */
  readonly #keys: string[] = [];
  readonly #held = new Map<string, Set<string>>();
  /** Index of the deletion of a key, the oldest first. */
  readonly #tombstones = new Map<string, number>();
  #forgotten = 0;

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): KvRow | undefined {
    return this.#rows.get(key);
  }

  /** Rows whose keys begin so, in order of their keys. */
  under(prefix: string): KvRow[] {
    const found: KvRow[] = [];
    for (let i = this.#position(prefix); i < this.#keys.length; i++) {
      const key = this.#keys[i] ?? "";
      if (!key.startsWith(prefix)) break;
      const row = this.#rows.get(key);
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  /** Keys held by a session. */
  heldBy(session: string): string[] {
    return [...(this.#held.get(session) ?? [])].sort();
  }

  /** False when nothing changed. */
  set(entry: KvEntry, stamp: (before: KvRow | undefined) => Omit<KvRow, keyof KvEntry>): boolean {
    const before = this.#rows.get(entry.key);
    if (before !== undefined && sameEntry(before, entry)) return false;
    if (before === undefined) this.#keys.splice(this.#position(entry.key), 0, entry.key);
    else this.#letGo(before);
    this.#rows.set(entry.key, { ...entry, ...stamp(before) });
    this.#tombstones.delete(entry.key);
    if (entry.session !== "") {
      const keys = this.#held.get(entry.session) ?? new Set();
      this.#held.set(entry.session, keys.add(entry.key));
    }
    return true;
  }

  /** False when it was not there. */
  drop(key: string, index: number): boolean {
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.#rows.delete(key);
    this.#keys.splice(this.#position(key), 1);
    this.#letGo(before);
    this.#tombstones.set(key, index);
    for (const [oldest, at] of this.#tombstones) {
      if (this.#tombstones.size <= maxTombstones) break;
      this.#tombstones.delete(oldest);
      this.#forgotten = at;
    }
    return true;
  }

  /** Index of the last change of a key; 0: none that is known. */
  versionOf(key: string): number {
    return this.#rows.get(key)?.modifyIndex ?? this.#tombstones.get(key) ?? this.#forgotten;
  }

  /** Index of the last change of a key that begins so; 0: none that is known. */
  versionUnder(prefix: string): number {
    let version = this.#forgotten;
    for (const row of this.under(prefix)) version = Math.max(version, row.modifyIndex);
    for (const [key, at] of this.#tombstones) if (key.startsWith(prefix)) version = Math.max(version, at);
    return version;
  }

  #letGo({ key, session }: KvEntry): void {
    const keys = this.#held.get(session);
    keys?.delete(key);
    if (keys?.size === 0) this.#held.delete(session);
  }

  /** Where a key is, or would be. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** True when nobody could tell two entries of a key apart. */
export function sameEntry(a: KvEntry, b: KvEntry): boolean {
  return sameValue(a, b) && a.session === b.session && a.lockIndex === b.lockIndex;
}

/** As `sameEntry`, whoever holds the key. */
export function sameValue(a: KvEntry, b: KvEntry): boolean {
  return a.value === b.value && a.flags === b.flags;
}
