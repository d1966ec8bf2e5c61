import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unsaid } from "../state/keys.ts";
import { KvTable } from "../state/kv.ts";
import { KvDraft } from "./draft.ts";
import type { LockRules } from "./operations.ts";
import { type KvStep, runTransaction } from "./transaction.ts";

const free: LockRules = {
  refuse: (session) => (session === "s" || session === "t" ? undefined : `invalid session "${session}"`),
  delayed: (key) => key === "delayed",
};

const step = (verb: string, key: string, more: Partial<KvStep> = {}): KvStep => ({
  verb,
  key,
  value: "",
  flags: "0",
  index: 0,
  session: "",
  ...more,
});

function tableOf(...keys: string[]): KvTable {
  const table = new KvTable();
  for (const [i, key] of keys.entries()) {
    table.set({ key, value: "eA==", flags: "0", session: "", lockIndex: 0 }, () => ({
      createIndex: i + 1,
      modifyIndex: i + 1,
      valueIndex: i + 1,
      written: unsaid,
    }));
  }
  return table;
}

function run(table: KvTable, ...steps: KvStep[]) {
  const draft = new KvDraft(table, 100);
  return { outcome: runTransaction(draft, steps, free), draft };
}

test("each step sees what those before it did", () => {
  const { outcome, draft } = run(
    tableOf("a", "b"),
    step("delete-tree", "a"),
    step("check-not-exists", "a"),
    step("set", "a/1", { value: "MQ==" }),
    step("get-tree", "a"),
    step("check-index", "a/1", { index: 100 }),
  );
  assert.equal(outcome.kind, "done");
  assert.deepEqual(
    outcome.kind === "done"
      ? outcome.rows.map(({ key, value, modifyIndex }) => [key, value, modifyIndex])
      : [],
    [
      ["a/1", "", 100],
      ["a/1", "MQ==", 100],
      ["a/1", "", 100],
    ],
  );
  assert.deepEqual(
    draft.changes().map(({ kind }) => kind),
    ["kv-gone", "kv"],
  );
});

test("everything that stands against a transaction is told, in the wire's words", () => {
  const { outcome } = run(
    tableOf("a"),
    step("cas", "a", { index: 9 }),
    step("cas", "new", { index: 9 }),
    step("check-index", "a", { index: 9 }),
    step("check-index", "zz"),
    step("check-session", "a", { session: "s" }),
    step("check-session", "zz"),
    step("check-not-exists", "a"),
    step("delete-cas", "a", { index: 9 }),
    step("get", "zz"),
    step("lock", "a"),
    step("lock", "a", { session: "nobody" }),
    step("lock", "delayed", { session: "s" }),
    step("unlock", "a", { session: "s" }),
    step("bogus", "a"),
    step("set", ""),
  );
  assert.deepEqual(
    outcome.kind === "refused" ? outcome.errors.map(({ step: at, why }) => `${at} ${why}`) : [],
    [
      '0 failed to set key "a", index is stale',
      '1 failed to set key "new", index is stale',
      '2 failed index check for key "a", current modify index 1 != 9',
      `3 failed to check index, key "zz" doesn't exist`,
      '4 failed session check for key "a", current session "" != "s"',
      `5 failed to check session, key "zz" doesn't exist`,
      '6 key "a" exists',
      '7 failed to delete key "a", index is stale',
      `8 key "zz" doesn't exist`,
      "9 missing session",
      '10 invalid session "nobody"',
      '11 failed to lock key "delayed" due to lock delay',
      `12 failed to unlock key "a", lock isn't held, or is held by another session`,
      '13 unknown KV verb "bogus"',
      "14 Must provide key",
    ],
  );
});

test("a lock: taken, taken again without counting, refused to others, released by its holder, counted again", () => {
  const { draft } = run(
    tableOf("a"),
    step("lock", "a", { session: "s" }),
    step("lock", "a", { session: "s" }),
  );
  assert.deepEqual([draft.get("a")?.session, draft.get("a")?.lockIndex], ["s", 1]);
  const refused = runTransaction(draft, [step("lock", "a", { session: "t" })], free);
  assert.equal(
    refused.kind === "refused" && refused.errors[0]?.why,
    'failed to lock key "a", lock is already held',
  );
  runTransaction(draft, [step("set", "a", { value: "eA==" })], free);
  assert.equal(draft.get("a")?.session, "s", "a plain write leaves the lock alone");
  runTransaction(draft, [step("unlock", "a", { session: "s" })], free);
  assert.deepEqual([draft.get("a")?.session, draft.get("a")?.lockIndex], ["", 1]);
  runTransaction(draft, [step("lock", "a", { session: "t" })], free);
  assert.deepEqual([draft.get("a")?.session, draft.get("a")?.lockIndex], ["t", 2]);
});

test("writing what is there already is no change and keeps the index", () => {
  const { outcome, draft } = run(tableOf("a"), step("set", "a", { value: "eA==" }));
  assert.deepEqual(draft.changes(), []);
  assert.equal(outcome.kind === "done" && outcome.rows[0]?.modifyIndex, 1);
});

test("a draft shows what the table shows once its changes are made", () => {
  const anyStep = fc.record({
    verb: fc.constantFrom("set", "cas", "lock", "unlock", "delete", "delete-tree", "delete-cas"),
    key: fc.constantFrom("a", "a/b", "b", "c"),
    value: fc.constantFrom("", "eA=="),
    flags: fc.constantFrom("0", "7"),
    index: fc.constantFrom(0, 1, 2, 100),
    session: fc.constantFrom("s", "t"),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
      const table = tableOf("a", "b");
      const draft = new KvDraft(table, 100);
      for (const one of steps) runTransaction(draft, [one], free);
      const seen = ["", "a", "b", "z"].map((prefix) => draft.under(prefix));
      for (const change of draft.changes()) {
        if (change.kind === "kv-gone") table.drop(change.key, 100);
        if (change.kind !== "kv") continue;
        const before = table.get(change.entry.key);
        table.set(change.entry, () => ({
          createIndex: before?.createIndex ?? 100,
          modifyIndex: 100,
          valueIndex: 100,
          written: unsaid,
        }));
      }
      const rows = (list: readonly { key: string; value: string; session: string; lockIndex: number }[]) =>
        list.map(({ key, value, session, lockIndex }) => [key, value, session, lockIndex]);
      assert.deepEqual(
        seen.map(rows),
        ["", "a", "b", "z"].map((prefix) => rows(table.under(prefix))),
      );
    }),
  );
});
