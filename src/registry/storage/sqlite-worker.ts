/** The thread that writes: one transaction, one sync per batch. Runs by itself, see `sqlite-disk.ts`. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { chunksOf, lastOf, openDatabase } from "./database.ts";
import type { StoredChange, StoredRow } from "./disk.ts";

export type DiskOrder =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly batch: readonly StoredChange[] }
  | { readonly kind: "close" };

export type DiskAnswer =
  | { readonly kind: "opened"; readonly last: number }
  /** None: that was all. */
  | { readonly kind: "rows"; readonly rows: readonly StoredRow[] }
  | { readonly kind: "written" }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly reason: string };

/** How many changes stay for whoever wants to know what happened. */
const keptChanges = 100_000;

/** What is larger is kept as what is, not as what was: history must not outgrow the disk. */
const maxPastChars = 4_096;

if (parentPort !== null) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
  const say = (answer: DiskAnswer): void => port.postMessage(answer);
  try {
    const database = openDatabase(pathOf(workerData));
    say({ kind: "opened", last: lastOf(database) });
    const chunks = chunksOf(database);
    const write = writer(database);
    port.on("message", (order: DiskOrder) => {
      try {
        say(obey(order));
      } catch (error) {
        say({ kind: "failed", reason: reasonOf(error) });
      }
    });
    const obey = (order: DiskOrder): DiskAnswer => {
      switch (order.kind) {
        case "read":
          return { kind: "rows", rows: chunks.next().value ?? [] };
        case "write":
          write(order.batch);
          return { kind: "written" };
        case "close":
          database.close();
          return { kind: "closed" };
      }
    };
  } catch (error) {
    say({ kind: "failed", reason: reasonOf(error) });
  }
}

function pathOf(data: unknown): string {
  if (typeof data === "object" && data !== null && "path" in data && typeof data.path === "string")
    return data.path;
  throw new Error("no path was given");
}

function writer(database: DatabaseSync): (batch: readonly StoredChange[]) => void {
  const put = database.prepare(`
    INSERT INTO rows (kind, key, value, created, modified) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, modified = excluded.modified
  `);
  const drop = database.prepare("DELETE FROM rows WHERE kind = ? AND key = ?");
  const note = database.prepare(
    "INSERT INTO changes (at_index, at_ms, kind, key, value) VALUES (?, ?, ?, ?, ?)",
  );
  const last = database.prepare("INSERT OR REPLACE INTO last (only_one, at_index) VALUES (1, ?)");
  const trim = database.prepare("DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?");
  let sinceTrim = keptChanges;
  return (batch) => {
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const change of batch) writeOne(change, { put, drop, note });
      last.run(batch.at(-1)?.index ?? 0);
      sinceTrim += batch.length;
      if (sinceTrim > keptChanges / 10) {
        trim.run(keptChanges);
        sinceTrim = 0;
      }
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  };
}

function writeOne(
  { index, atMs, kind, key, value }: StoredChange,
  { put, drop, note }: Record<"put" | "drop" | "note", StatementSync>,
): void {
  if (value === undefined) drop.run(kind, key);
  else put.run(kind, key, value, index, index);
  const past = value === undefined || value.length <= maxPastChars ? (value ?? null) : "";
  note.run(index, Math.floor(atMs), kind, key, past);
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === "database is locked" ? "another process is using it" : text;
}
