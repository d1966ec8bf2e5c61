import type { KvDraft } from "../kv/draft.ts";
import { set } from "../kv/operations.ts";
import { versionOf } from "../state/keys.ts";
import type { KvVersion } from "../state/model.ts";
import type { Tables } from "../state/tables.ts";

/** Every value a key is known to have had, the newest first; the first of them is the one it has. */
export function versionsOf({ kv, history }: Tables, key: string): KvVersion[] {
  const row = kv.get(key);
  const past = [...history.of(key)].reverse();
  return row === undefined ? past : [versionOf(row, history), ...past];
}

/** The whole of which keys: one, or all that begin so. */
export type Extent = { readonly key: string } | { readonly prefix: string };

/** Keys of an extent that are there or were. */
export function keysOf({ kv, history }: Tables, extent: Extent): string[] {
  if ("key" in extent) return [extent.key];
  const keys = kv.under(extent.prefix).map(({ key }) => key);
  return [...new Set([...keys, ...history.keysUnder(extent.prefix)])].sort();
}

/**
 * Makes the keys what they were right after transaction `to`. Gives the keys of which that is not known; the draft is
 * then to be thrown away. All of them, when none is known to have been there then: whoever writes a version that never
 * was has mistyped it, and does not mean that everything shall go.
 */
export function rollback(draft: KvDraft, tables: Tables, extent: Extent, to: number): string[] {
  const unknown: string[] = [];
  const keys = keysOf(tables, extent);
  let known = false;
  for (const key of keys) {
    const versions = versionsOf(tables, key);
    const then = versions.find(({ index }) => index <= to);
    known ||= then !== undefined;
    if (then === undefined && versions.at(-1)?.first !== true) unknown.push(key);
    else if (then?.value === undefined) draft.drop(key);
    else set(draft, { key, value: then.value, flags: then.flags });
  }
  return known ? unknown : keys;
}
