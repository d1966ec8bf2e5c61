import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ReadFrom } from "../fleet/index.ts";
import { onReload, type Reason } from "./on-reload.ts";

const of = (...files: readonly string[]): ReadFrom => ({ files, folders: [] });

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-reload-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** What is followed after each call, and a promise for the next one, with its reason. */
function calls(from?: () => ReadFrom) {
  let next = Promise.withResolvers<Reason>();
  return {
    run: (reason: Reason) => {
      const done = next;
      next = Promise.withResolvers<Reason>();
      done.resolve(reason);
      return from?.();
    },
    once: () => next.promise,
  };
}

test("hears of a file that is written, and of one that is replaced as editors do", async () => {
  using at = folder();
  const file = join(at.path, "a.tsk");
  writeFileSync(file, "1");
  const heard = calls();
  using _reload = onReload(of(file), heard.run);
  const first = heard.once();
  writeFileSync(file, "2");
  await first;
  const second = heard.once();
  writeFileSync(join(at.path, "a.tsk.new"), "3");
  renameSync(join(at.path, "a.tsk.new"), file);
  await second;
});

test("hears SIGHUP, until it is disposed", async () => {
  using at = folder();
  const heard = calls();
  const before = process.listenerCount("SIGHUP");
  {
    using _reload = onReload(of(join(at.path, "a.tsk")), heard.run);
    const asked = heard.once();
    process.emit("SIGHUP");
    await asked;
  }
  assert.equal(process.listenerCount("SIGHUP"), before);
});

test("a folder that cannot be watched leaves the signal", async () => {
  const heard = calls();
  using _reload = onReload(of("/nowhere/at/all/a.tsk"), heard.run);
  const asked = heard.once();
  process.emit("SIGHUP");
  await asked;
});

test("hears of a file in another folder, of one that comes, and of what a cluster mounts", async () => {
  using at = folder();
  const [included, coming] = [join(at.path, "parts", "a.tsk"), join(at.path, "tusker.local.tsk")];
  const mounted = join(at.path, "mount", "key");
  for (const name of ["parts", "mount", "mount/one", "mount/two"]) mkdirSync(join(at.path, name));
  symlinkSync("one", join(at.path, "mount", "..data"));
  const heard = calls();
  using _reload = onReload(of(included, coming, mounted), heard.run);
  for (const change of [
    () => writeFileSync(included, "1"),
    () => writeFileSync(coming, "1"),
    () => {
      symlinkSync("two", join(at.path, "mount", "..new"));
      renameSync(join(at.path, "mount", "..new"), join(at.path, "mount", "..data"));
    },
  ]) {
    const next = heard.once();
    change();
    assert.equal(await next, "changed");
  }
});

test("hears of a file in a folder that is not there yet, however deep, and of one made at once with its folder", async () => {
  using at = folder();
  const deep = join(at.path, "environment", "eu", "prod.tsk");
  const listed = join(at.path, "config", "services");
  const heard = calls(() => ({ files: [deep], folders: [listed] }));
  using _reload = onReload({ files: [deep], folders: [listed] }, heard.run);
  const made = heard.once();
  mkdirSync(join(at.path, "environment", "eu"), { recursive: true });
  writeFileSync(deep, "1");
  await made;
  // The folder is watched from now on; it is looked at once more, for what came before.
  await heard.once();
  const written = heard.once();
  writeFileSync(deep, "2");
  await written;
  const service = heard.once();
  mkdirSync(listed, { recursive: true });
  await service;
  await heard.once();
  const came = heard.once();
  writeFileSync(join(listed, "users.tsk"), "1");
  await came;
});

test("what comes beside a folder that is missing is not heard of", async () => {
  using at = folder();
  const wanted = { files: [join(at.path, "environment", "prod.tsk")], folders: [] };
  let said = 0;
  const heard = calls(() => {
    said++;
    return wanted;
  });
  using _reload = onReload(wanted, heard.run);
  const next = heard.once();
  writeFileSync(join(at.path, "other.tsk"), "1");
  mkdirSync(join(at.path, "environment"));
  await next;
  assert.equal(said, 1);
});

test("a name that comes to a folder that was listed is heard of, what is written into its other files is not", async () => {
  using at = folder();
  const log = join(at.path, "service.log");
  writeFileSync(log, "");
  let said = 0;
  const heard = calls(() => ({ files: [], folders: [at.path], ttlMs: ++said * 1e9 }));
  using _reload = onReload({ files: [], folders: [at.path] }, heard.run);
  const next = heard.once();
  appendFileSync(log, "a line\n");
  writeFileSync(join(at.path, "b.tsk"), "");
  await next;
  assert.equal(said, 1);
});

test("what is read from is followed as it is read, and read again when it is old", async () => {
  using at = folder();
  const [first, second] = [join(at.path, "a.tsk"), join(at.path, "b.tsk")];
  let from: ReadFrom = of(second);
  const heard = calls(() => from);
  using _reload = onReload({ ...of(first), ttlMs: 1 }, heard.run);
  const old = heard.once();
  assert.equal(await old, "old");
  const changed = heard.once();
  from = { ...of(first), ttlMs: 1 };
  writeFileSync(second, "1");
  assert.equal(await changed, "changed");
  assert.equal(await heard.once(), "old");
});
