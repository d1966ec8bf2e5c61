import { DatabaseSync } from "node:sqlite";
import { type StoredRow, storedKinds } from "./disk.ts";

/** A change of this number is a change of what the tables mean. */
const format = 1;

/** A chunk of what is read back ends with either. */
const [chunkRows, chunkChars] = [2_000, 4_000_000];

/**
 * FULL: a commit returns when it is on the disk, also for the power supply. EXCLUSIVE: a second registry on the same
 * file is turned away; the system takes the lock from a process that was killed.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    prepare(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function prepare(database: DatabaseSync): void {
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
}

/** Index of the last change. */
export function lastOf(database: DatabaseSync): number {
  return Number(database.prepare("SELECT at_index FROM last").get()?.at_index ?? 0);
}

/** Rows, as many at a time as two threads can hold twice without anybody noticing. */
export function* chunksOf(database: DatabaseSync): Generator<StoredRow[], undefined> {
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
