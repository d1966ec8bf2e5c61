import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { onReload } from "./on-reload.ts";

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-reload-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Calls so far, and a promise for the next one. */
function calls() {
  let next = Promise.withResolvers<void>();
  return {
    run: () => {
      const done = next;
      next = Promise.withResolvers<void>();
      done.resolve();
    },
    once: () => next.promise,
  };
}

test("hears of a file that is written, and of one that is replaced as editors do", async () => {
  using at = folder();
  const file = join(at.path, "a.tsk");
  writeFileSync(file, "1");
  const heard = calls();
  using _reload = onReload(file, heard.run);
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
    using _reload = onReload(join(at.path, "a.tsk"), heard.run);
    const asked = heard.once();
    process.emit("SIGHUP");
    await asked;
  }
  assert.equal(process.listenerCount("SIGHUP"), before);
});

test("a folder that cannot be watched leaves the signal", async () => {
  const heard = calls();
  using _reload = onReload("/nowhere/at/all/a.tsk", heard.run);
  const asked = heard.once();
  process.emit("SIGHUP");
  await asked;
});
