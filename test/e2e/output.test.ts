import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { cleanEnvironment, runNode } from "../../scripts/run.ts";

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

test("colours are for those who ask: FORCE_COLOR does, NO_COLOR does not, a pipe says nothing", async () => {
  const told = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const wrong = ["config", "render", "--raw", "no-such.tsk"];
    const { output } = await runNode([bin, ...wrong], { cwd: import.meta.dirname, env, timeoutMs: 60_000 });
    return output;
  };
  assert.ok((await told({ FORCE_COLOR: "1" })).startsWith("\u001b[1mno-such.tsk:1:1"));
  for (const env of [{}, { FORCE_COLOR: "1", NO_COLOR: "1" }])
    assert.match(await told(env), /^no-such\.tsk:1:1 error /);
});
