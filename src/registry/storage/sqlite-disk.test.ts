import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { Disk, StoredChange, StoredRow } from "./disk.ts";
import { sqliteDisk } from "./sqlite-disk.ts";

interface Folder extends Disposable {
  readonly path: string;
}

function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "tusker-disk-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const put = (index: number, key: string, value: string): StoredChange => ({
  index,
  atMs: index,
  kind: "node",
  key,
  value,
});
const drop = (index: number, key: string): StoredChange => ({ ...put(index, key, ""), value: undefined });

async function rowsOf({ rows }: Disk): Promise<StoredRow[]> {
  return (await chunksOf(rows)).flat();
}

async function chunksOf(rows: Disk["rows"]): Promise<(readonly StoredRow[])[]> {
  const chunks: (readonly StoredRow[])[] = [];
  for await (const chunk of rows) chunks.push(chunk);
  return chunks;
}

test("more rows than one chunk come back in order, each once", async () => {
  using at = folder();
  const path = join(at.path, "registry.db");
  const first = await sqliteDisk(path);
  const names = Array.from({ length: 4_500 }, (_, n) => `n${10_000 + n}`);
  await first.write(names.map((name, n) => put(n + 1, name, "x")));
  await first.close();
  const again = await sqliteDisk(path);
  const chunks = await chunksOf(again.rows);
  assert.ok(chunks.length > 1, "one chunk would hold everything twice");
  assert.deepEqual(
    chunks.flat().map(({ key }) => key),
    names,
  );
  await again.close();
});

test("rows come back as last written, with when they were made and last changed", async () => {
  using at = folder();
  const path = join(at.path, "deep", "registry.db");
  const first = await sqliteDisk(path);
  assert.deepEqual([first.last, await rowsOf(first)], [0, []]);
  await first.write([put(1_790_000_000_001, "a", "1"), put(1_790_000_000_002, "b", "1")]);
  await first.write([put(1_790_000_000_003, "a", "2"), drop(1_790_000_000_004, "b")]);
  await first.close();
  const again = await sqliteDisk(path);
  assert.equal(again.last, 1_790_000_000_004);
  assert.deepEqual(await rowsOf(again), [
    { kind: "node", key: "a", value: "2", createIndex: 1_790_000_000_001, modifyIndex: 1_790_000_000_003 },
  ]);
  await again.close();
});

test("what happened is kept beside what is", async () => {
  using at = folder();
  const path = join(at.path, "registry.db");
  const disk = await sqliteDisk(path);
  await disk.write([put(1, "a", "1"), drop(2, "a"), put(3, "big", "x".repeat(5_000))]);
  await disk.close();
  const database = new DatabaseSync(path);
  const rows = database.prepare("SELECT at_index, kind, key, value FROM changes ORDER BY number").all();
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { at_index: 1, kind: "node", key: "a", value: "1" },
      { at_index: 2, kind: "node", key: "a", value: null },
      { at_index: 3, kind: "node", key: "big", value: "" },
    ],
  );
  database.close();
});

test("a second registry on the same file is turned away, and told why", async () => {
  using at = folder();
  const path = join(at.path, "registry.db");
  const disk = await sqliteDisk(path);
  await assert.rejects(sqliteDisk(path), {
    code: "REGISTRY_STORAGE",
    message: /another process is using it/,
  });
  await disk.close();
});

test("a file that is no database, one of another release and a folder that cannot be are refused", async () => {
  using at = folder();
  const path = join(at.path, "registry.db");
  writeFileSync(path, "x".repeat(5_000));
  await assert.rejects(sqliteDisk(path), { code: "REGISTRY_STORAGE", message: /not a database/ });
  rmSync(path);
  const foreign = new DatabaseSync(path);
  foreign.exec("PRAGMA user_version = 99");
  foreign.close();
  await assert.rejects(sqliteDisk(path), { code: "REGISTRY_STORAGE", message: /its format is 99/ });
  await assert.rejects(sqliteDisk(join(path, "below", "registry.db")), { code: "REGISTRY_STORAGE" });
});

test("a journal that breaks off or is garbled anywhere leaves whole batches, the first ones", async () => {
  using at = folder();
  const path = join(at.path, "registry.db");
  const disk = await sqliteDisk(path);
  const batches = 8;
  for (let b = 1; b <= batches; b++) await disk.write([put(2 * b, "x", `${b}`), put(2 * b + 1, "y", `${b}`)]);
  // As after a kill: nothing was moved from the journal into the file.
  const copy = join(at.path, "copy.db");
  const save = (): Buffer => {
    copyFileSync(path, copy);
    return readFileSync(`${path}-wal`);
  };
  const journal = save();
  await disk.close();
  const seen = new Set<number>();
  for (let cut = 0; cut < 48; cut++) {
    const offset = Math.floor((journal.length * cut) / 48);
    copyFileSync(copy, path);
    writeFileSync(`${path}-wal`, journal);
    if (existsSync(`${path}-shm`)) rmSync(`${path}-shm`);
    if (cut % 2 === 0) truncateSync(`${path}-wal`, offset);
    else writeFileSync(`${path}-wal`, garbled(journal, offset));
    const opened = await sqliteDisk(path);
    const values = (await rowsOf(opened)).map(({ value }) => value);
    const complete = Number(values[0] ?? 0);
    assert.deepEqual(values, complete === 0 ? [] : [`${complete}`, `${complete}`]);
    assert.equal(opened.last, complete === 0 ? 0 : 2 * complete + 1);
    seen.add(complete);
    await opened.close();
  }
  assert.ok(seen.size > 2, "offsets hit several batches");
});

function garbled(journal: Buffer, offset: number): Buffer {
  const copy = Buffer.from(journal);
  for (let i = offset; i < Math.min(offset + 16, copy.length); i++) copy[i] = (copy[i] ?? 0) ^ 0x5a;
  return copy;
}
