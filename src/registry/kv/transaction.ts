import type { KvRow } from "../state/model.ts";
import type { KvDraft } from "./draft.ts";
import type { KvOutcome, LockRules } from "./operations.ts";
import * as operation from "./operations.ts";

/** One step of a transaction as asked for. */
export interface KvStep extends operation.KvWrite {
  readonly verb: string;
  readonly index: number;
  readonly session: string;
}

/** Every step done, with the rows to be told, or nothing done and all that stood against it. */
export type TransactionOutcome =
  | { readonly kind: "done"; readonly rows: readonly KvRow[] }
  | { readonly kind: "refused"; readonly errors: readonly { readonly step: number; readonly why: string }[] };

const writingVerbs = new Set(["set", "cas", "lock", "unlock", "delete", "delete-tree", "delete-cas"]);

/** True when a step of the transaction may change something. */
export function writes(steps: readonly KvStep[]): boolean {
  return steps.some(({ verb }) => writingVerbs.has(verb));
}

/**
 * Takes all steps on the draft, each seeing what those before it did. Errors are collected over all steps, so that a
 * client learns at once of everything that stands against it; the draft is then to be thrown away.
 */
export function runTransaction(
  draft: KvDraft,
  steps: readonly KvStep[],
  rules: LockRules,
): TransactionOutcome {
  const rows: KvRow[] = [];
  const errors: { step: number; why: string }[] = [];
  for (const [step, asked] of steps.entries()) {
    const result = asked.key === "" ? "Must provide key" : runStep(draft, asked, rules);
    if (typeof result === "string") errors.push({ step, why: result });
    else rows.push(...result);
  }
  return errors.length > 0 ? { kind: "refused", errors } : { kind: "done", rows };
}

/** Rows to be told, or why not. What was written is told without its value: who wrote it knows. */
function runStep(draft: KvDraft, step: KvStep, rules: LockRules): readonly KvRow[] | string {
  const { key, index, session } = step;
  const write = { key, value: step.value, flags: step.flags };
  switch (step.verb) {
    case "set":
      return written(operation.set(draft, write));
    case "cas":
      return written(operation.setIfAt(draft, write, index));
    case "lock":
      return written(operation.acquire(draft, write, session, rules));
    case "unlock":
      return written(operation.release(draft, write, session));
    case "delete":
      draft.drop(key);
      return [];
    case "delete-tree":
      operation.dropUnder(draft, key);
      return [];
    case "delete-cas":
      return operation.dropIfAt(draft, key, index) ?? [];
    case "get-tree":
      return draft.under(key);
    default:
      return read(draft, step);
  }
}

function read(draft: KvDraft, { verb, key, index, session }: KvStep): readonly KvRow[] | string {
  const row = draft.get(key);
  switch (verb) {
    case "get":
      return row === undefined ? `key "${key}" doesn't exist` : [row];
    case "check-index":
      if (row === undefined) return `failed to check index, key "${key}" doesn't exist`;
      if (row.modifyIndex === index) return [withoutValue(row)];
      return `failed index check for key "${key}", current modify index ${row.modifyIndex} != ${index}`;
    case "check-session":
      if (row === undefined) return `failed to check session, key "${key}" doesn't exist`;
      if (row.session === session) return [withoutValue(row)];
      return `failed session check for key "${key}", current session "${row.session}" != "${session}"`;
    case "check-not-exists":
      return row === undefined ? [] : `key "${key}" exists`;
    default:
      return `unknown KV verb "${verb}"`;
  }
}

function written(outcome: KvOutcome): readonly KvRow[] | string {
  return outcome.kind === "row" ? [withoutValue(outcome.row)] : outcome.why;
}

function withoutValue(row: KvRow): KvRow {
  return { ...row, value: "" };
}
