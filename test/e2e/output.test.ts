import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { cleanEnvironment } from "../../scripts/run.ts";

const bin = join(resolve(import.meta.dirname, "../.."), "bin/tusker.js");

test("a reader that goes away in the middle is no failure", async () => {
  const child = spawn(process.execPath, [bin, "config", "schema"], {
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.once("data", () => child.stdout.destroy());
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  assert.deepEqual(await once(child, "close"), [0, null], said);
  assert.equal(said, "");
});

test("an output that is full is one sentence and exit 1", {
  skip: !existsSync("/dev/full") && "no /dev/full",
}, async () => {
  const full = openSync("/dev/full", "w");
  const child = spawn(process.execPath, [bin, "config", "schema"], {
    env: cleanEnvironment(),
    stdio: ["ignore", full, "pipe"],
  });
  closeSync(full);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  assert.deepEqual(await once(child, "close"), [1, null]);
  assert.match(said, /^tusker: cannot write the output: ENOSPC.*\(CLI_CANNOT_WRITE\)\n$/);
});
