import { type KvTable, sameValue } from "./kv.ts";
import type { KvHistory } from "./kv-history.ts";
import type { Change, Indexes, KvEntry, KvRow, KvVersion, Written } from "./model.ts";

/** Keys and the values they had. */
export interface Keys {
  readonly kv: KvTable;
  readonly history: KvHistory;
}

/** What a step of a transaction on keys leaves. */
export interface KeyStep {
  readonly index: number;
  readonly written: Written;
  readonly done: Change[];
  readonly keys: Set<string>;
  indexes(before: Indexes | undefined): Indexes;
}

/** Of a value nobody said anything about. */
export const unsaid: Written = { atMs: 0, author: "", reason: "" };

/** Writes a key; the value it had becomes a version. */
export function setKey(
  { kv, history }: Keys,
  step: KeyStep,
  { entry, written = step.written, valueIndex }: { readonly entry: KvEntry } & Partial<KvRow>,
): void {
  const before = kv.get(entry.key);
  const kept = before !== undefined && sameValue(before, entry);
  const own = kept
    ? { valueIndex: before.valueIndex, written: before.written }
    : { valueIndex: valueIndex ?? step.index, written };
  if (!kv.set(entry, (row) => ({ ...step.indexes(row), ...own }))) return;
  step.keys.add(entry.key);
  step.done.push({ kind: "kv", entry, ...own });
  if (before !== undefined && !kept) remember(history, step, versionOf(before, history));
}

/** Mirror of `setKey`; that it is gone is a version too. */
export function dropKey(
  { kv, history }: Keys,
  step: KeyStep,
  { key, written = step.written }: { readonly key: string; readonly written?: Written | undefined },
): void {
  const before = kv.get(key);
  if (before === undefined || !kv.drop(key, step.index)) return;
  step.keys.add(key);
  step.done.push({ kind: "kv-gone", key, written });
  remember(history, step, versionOf(before, history));
  remember(history, step, { key, index: step.index, flags: "0", written, first: false });
}

/** Takes a version as it was kept. */
export function setVersion({ history }: Keys, step: KeyStep, version: KvVersion): void {
  remember(history, step, version);
}

/** Mirror of `setVersion`. */
export function dropVersion({ history }: Keys, step: KeyStep, key: string, index: number): void {
  if (history.drop(key, index)) step.done.push({ kind: "version-gone", key, index });
}

/** The value a key has, as a version. */
export function versionOf(row: KvRow, history: KvHistory): KvVersion {
  const { key, valueIndex, value, flags, written, createIndex } = row;
  const first = valueIndex === createIndex && history.of(key).length === 0;
  return { key, index: valueIndex, value, flags, written, first };
}

function remember(history: KvHistory, step: KeyStep, version: KvVersion): void {
  if (history.of(version.key).some(({ index }) => index === version.index)) return;
  step.done.push({ kind: "version", version });
  for (const { key, index } of history.add(version)) step.done.push({ kind: "version-gone", key, index });
}
