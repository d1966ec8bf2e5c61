/** The thread that writes: one transaction, one sync per batch. Runs by itself, see `sqlite-disk.ts`. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { type StoredChange, type StoredRow, storedKinds } from "./disk.ts";

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

/** A change of this number is a change of what the tables mean. */
const format = 1;

/** How many changes stay for whoever wants to know what happened. */
const keptChanges = 100_000;

/** What is larger is kept as what is, not as what was: history must not outgrow the disk. */
const maxPastChars = 4_096;

/** A chunk of what is read back ends with either. */
const [chunkRows, chunkChars] = [2_000, 4_000_000];

if (parentPort !== null) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
  const say = (answer: DiskAnswer): void => port.postMessage(answer);
  try {
    const database = open(pathOf(workerData));
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

/**
 * FULL: a commit returns when it is on the disk, also for the power supply. EXCLUSIVE: a second registry on the same
 * file is turned away; the system takes the lock from a process that was killed.
 */
function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
  `);
  const [check] = database.prepare("PRAGMA quick_check(1)").all();
  if (check?.quick_check !== "ok") throw new Error(`it is damaged (${String(check?.quick_check)})`);
  const found = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (found !== 0 && found !== format) {
    throw new Error(`its format is ${found}, this release reads ${format}; use the release that wrote it`);
  }
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS rows (
      kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
      created INTEGER NOT NULL, modified INTEGER NOT NULL,
      PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS changes (
      number INTEGER PRIMARY KEY, at_index INTEGER NOT NULL, at_ms INTEGER NOT NULL,
      kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT
    );
    CREATE TABLE IF NOT EXISTS last (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), at_index INTEGER NOT NULL);
    PRAGMA user_version = ${format};
    COMMIT;
  `);
  return database;
}

function lastOf(database: DatabaseSync): number {
  return Number(database.prepare("SELECT at_index FROM last").get()?.at_index ?? 0);
}

/** Rows, as many at a time as two threads can hold twice without anybody noticing. */
function* chunksOf(database: DatabaseSync): Generator<StoredRow[], undefined> {
  const read = database.prepare("SELECT key, value, created, modified FROM rows WHERE kind = ? ORDER BY key");
  let chunk: StoredRow[] = [];
  let chars = 0;
  for (const kind of storedKinds) {
    for (const row of read.iterate(kind)) {
      const value = String(row.value);
      chunk.push({
        kind,
        key: String(row.key),
        value,
        createIndex: Number(row.created),
        modifyIndex: Number(row.modified),
      });
      chars += value.length;
      if (chunk.length < chunkRows && chars < chunkChars) continue;
      yield chunk;
      chunk = [];
      chars = 0;
    }
  }
  if (chunk.length > 0) yield chunk;
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
