import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import { resolveCommand, splitWords } from "./command.ts";

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-command-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const missing = (error: unknown): boolean =>
  error instanceof TuskerError && error.code === "FLEET_COMMAND_MISSING";

test("splits words at spaces, keeps quotes together, takes an escaped character as it is", () => {
  assert.deepEqual(splitWords(`node  "a b.ts" --x='y "z"' c\\ d ""`), [
    "node",
    "a b.ts",
    `--x=y "z"`,
    "c d",
    "",
  ]);
});

test("property: any words survive being quoted and split again", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const text = words.map((word) => `"${word.replace(/[\\"]/g, "\\$&")}"`).join(" ");
      assert.deepEqual(splitWords(text), words);
    }),
  );
});

test("node means our own Node, with its flags before the script", () => {
  using at = folder();
  writeFileSync(join(at.path, "a.ts"), "");
  const command = resolveCommand("node --enable-source-maps a.ts 1", at.path, ["--conditions=x"]);
  assert.deepEqual(command, {
    file: process.execPath,
    args: ["--conditions=x", "--enable-source-maps", "a.ts", "1"],
    node: true,
  });
});

test("a script that is not there is known before anything starts", () => {
  using at = folder();
  assert.throws(() => resolveCommand("node nowhere.ts", at.path, []), missing);
});

test("what stands behind flags is left to Node, because it may be a flag's value", () => {
  using at = folder();
  assert.deepEqual(resolveCommand("node --import hook server.ts", at.path, []).args, [
    "--import",
    "hook",
    "server.ts",
  ]);
  assert.deepEqual(resolveCommand("node -e 1", at.path, []).args, ["-e", "1"]);
});

test("a program is looked for beside the file when it has a slash, in PATH when it has none", () => {
  using at = folder();
  mkdirSync(join(at.path, "bin"));
  const program = join(at.path, "bin", "tool");
  writeFileSync(program, "#!/bin/sh\n");
  assert.throws(() => resolveCommand("./bin/tool", at.path, []), missing, "not executable yet");
  chmodSync(program, 0o755);
  assert.equal(resolveCommand("./bin/tool x", at.path, []).file, program);
  assert.equal(resolveCommand("tool", at.path, [], `/nowhere:${join(at.path, "bin")}`).file, program);
  assert.throws(() => resolveCommand("tool", at.path, [], "/nowhere"), missing);
  assert.throws(() => resolveCommand("", at.path, []), missing);
});
