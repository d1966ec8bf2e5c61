import type { KvRow } from "../state/model.ts";
import type { KvDraft } from "./draft.ts";

/** What is to be written under a key. */
export interface KvWrite {
  readonly key: string;
  /** Base64. */
  readonly value: string;
  /** Digits of a 64-bit number. */
  readonly flags: string;
}

/** What decides over locks. */
export interface LockRules {
  /** Why this session cannot hold anything; undefined: it can. */
  refuse(session: string): string | undefined;
  /** True while nobody may take the key: its holder ended, and may not have noticed yet. */
  delayed(key: string): boolean;
}

/** The row as it will be, or why nothing happens. */
export type KvOutcome =
  | { readonly kind: "row"; readonly row: KvRow }
  /** The answer is no. */
  | { readonly kind: "no"; readonly why: string }
  /** The question is wrong. */
  | { readonly kind: "wrong"; readonly why: string };

/** Writes; whoever holds the key goes on holding it. */
export function set(draft: KvDraft, write: KvWrite): KvOutcome {
  const before = draft.get(write.key);
  const { session = "", lockIndex = 0 } = before ?? {};
  return { kind: "row", row: draft.put({ ...write, session, lockIndex }) };
}

/** Writes if the key is as it was at `index`; 0: if it is not there. */
export function setIfAt(draft: KvDraft, write: KvWrite, index: number): KvOutcome {
  if ((draft.get(write.key)?.modifyIndex ?? 0) === index) return set(draft, write);
  return { kind: "no", why: `failed to set key "${write.key}", index is stale` };
}

/** Writes and takes the key. Whoever holds it already takes it again without counting. */
export function acquire(draft: KvDraft, write: KvWrite, session: string, rules: LockRules): KvOutcome {
  const { key } = write;
  if (session === "") return { kind: "wrong", why: "missing session" };
  if (rules.delayed(key)) return { kind: "no", why: `failed to lock key "${key}" due to lock delay` };
  const why = rules.refuse(session);
  if (why !== undefined) return { kind: "wrong", why };
  const before = draft.get(key);
  const holder = before?.session ?? "";
  if (holder !== "" && holder !== session) {
    return { kind: "no", why: `failed to lock key "${key}", lock is already held` };
  }
  const lockIndex = (before?.lockIndex ?? 0) + (holder === session ? 0 : 1);
  return { kind: "row", row: draft.put({ ...write, session, lockIndex }) };
}

/** Mirror of `acquire`: only the holder can. */
export function release(draft: KvDraft, write: KvWrite, session: string): KvOutcome {
  if (session === "") return { kind: "wrong", why: "missing session" };
  const before = draft.get(write.key);
  if (before?.session !== session) {
    const why = `failed to unlock key "${write.key}", lock isn't held, or is held by another session`;
    return { kind: "no", why };
  }
  return { kind: "row", row: draft.put({ ...write, session: "", lockIndex: before.lockIndex }) };
}

/** Deletes if the key is as it was at `index`; one that is not there is deleted already. Undefined: done. */
export function dropIfAt(draft: KvDraft, key: string, index: number): string | undefined {
  const before = draft.get(key);
  if (before !== undefined && before.modifyIndex !== index) {
    return `failed to delete key "${key}", index is stale`;
  }
  draft.drop(key);
  return undefined;
}

/** Deletes every key that begins so. */
export function dropUnder(draft: KvDraft, prefix: string): void {
  for (const { key } of draft.under(prefix)) draft.drop(key);
}
