/** What a disk may do to the registry: a torn or garbled journal at every offset, and no room left. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { httpClient } from "../../src/net/index.ts";
import { chunksOf, lastOf, openDatabase } from "../../src/registry/storage/database.ts";
import type { StoredChange } from "../../src/registry/storage/disk.ts";
import { sqliteDisk } from "../../src/registry/storage/sqlite-disk.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

const batches = 12;
/** The tail: what the last batches wrote, some frames of the journal. */
const tailBytes = 16 * 1024;

/** Two rows that are always written together: one without the other would be half a batch. */
function batch(n: number): StoredChange[] {
  const row = (key: string) => ({ index: n, atMs: 0, kind: "node", key, value: `${n}` }) as const;
  return [row("a"), row("b")];
}

test("a journal cut or garbled at any offset of its tail opens with whole batches, or is refused", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-journal-"));
  const path = join(folder, "registry.db");
  const disk = await sqliteDisk(path);
  for (let n = 1; n <= batches; n++) await disk.write(batch(n));
  const saved = join(folder, "saved");
  cpSync(path, saved);
  const journal = readFileSync(`${path}-wal`);
  await disk.close();

  const seen = new Set<number>();
  let refused = 0;
  const tryWith = (wal: Buffer, what: string): void => {
    rmSync(`${path}-shm`, { force: true });
    cpSync(saved, path);
    writeFileSync(`${path}-wal`, wal);
    const found = openWhole(path);
    if (found === "refused") refused++;
    else {
      assert.deepEqual(found.values, found.last === 0 ? [] : [`${found.last}`, `${found.last}`], what);
      seen.add(found.last);
    }
  };
  for (let offset = journal.length - tailBytes; offset < journal.length; offset++) {
    tryWith(journal.subarray(0, offset), `cut at ${offset}`);
    const garbled = Buffer.from(journal);
    garbled.writeUInt8(garbled.readUInt8(offset) ^ 0x5a, offset);
    tryWith(garbled, `garbled at ${offset}`);
  }
  t.diagnostic(
    `${tailBytes} offsets, each cut and garbled: ended with batch ${[...seen].sort()}; ${refused} refused`,
  );
  assert.deepEqual([...seen].sort(), [batches - 2, batches - 1], "the tail holds two batches");
  assert.ok(Math.max(...seen) <= batches);
  rmSync(folder, { recursive: true });
});

function openWhole(path: string): { values: string[]; last: number } | "refused" {
  try {
    using database = openDatabase(path);
    const values = [...chunksOf(database)].flat().map(({ value }) => value);
    return { values, last: lastOf(database) };
  } catch (error) {
    assert.match(String(error), /malformed|damaged|not a database/);
    return "refused";
  }
}

/** A file system of one megabyte; undefined where this user may mount none. */
function smallDisk(): ({ readonly path: string; grow(): void } & Disposable) | undefined {
  const path = mkdtempSync(join(tmpdir(), "tusker-small-"));
  const mount = (options: string): void =>
    void execFileSync("mount", ["-t", "tmpfs", "-o", options, "tusker-small", path], { stdio: "ignore" });
  try {
    mount("size=1m");
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    grow: () => mount("remount,size=16m"),
    [Symbol.dispose]() {
      execFileSync("umount", [path]);
      rmSync(path, { recursive: true });
    },
  };
}

test("a full disk stops writes with a clear error; with room again, all that was answered is there", async (t) => {
  using disk = smallDisk();
  if (disk === undefined) return t.skip("this user may not mount a file system");
  const args = ["registry", "--json", "--port", "0", "--data-dir", disk.path];
  await using http = httpClient();
  const ask = async (method: string, url: string, body?: string) => {
    const answer = await http.request({ method, url, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text(10_000_000) };
  };
  const answered: string[] = [];
  {
    await using registry = tuskerProcess(args, { cwd: tmpdir() });
    const url = String((await registry.line((line) => typeof line.registry === "string")).registry);
    let refusal = "";
    for (let n = 0; refusal === "" && n < 2_000; n++) {
      const said = await ask("PUT", `${url}/v1/kv/key-${n}`, "x".repeat(4_000));
      if (said.status === 200) answered.push(`key-${n}`);
      else refusal = said.text;
    }
    assert.match(refusal, /cannot write to .*registry\.db .*full.*refuses writes until/);
    assert.equal((await ask("PUT", `${url}/v1/kv/late`, "x")).status, 500);
    assert.equal((await ask("GET", `${url}/v1/kv/${answered[0]}`)).status, 200, "what is safe is still told");
  }
  disk.grow();
  await using again = tuskerProcess(args, { cwd: tmpdir() });
  const url = String((await again.line((line) => typeof line.registry === "string")).registry);
  const keys = JSON.parse((await ask("GET", `${url}/v1/kv/?keys`)).text) as string[];
  assert.deepEqual(keys.toSorted(), answered.toSorted());
  assert.equal((await ask("PUT", `${url}/v1/kv/late`, "x")).status, 200);
});
