import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandFolder } from "../../test/support/command-line.ts";
import { TuskerError } from "../kernel/index.ts";
import { writeText } from "./write-text.ts";

test("a file is replaced with its mode, through links, and nothing is left beside it", () => {
  using at = commandFolder({ "a.tsk": "a: 1\n" });
  const path = join(at.path, "a.tsk");
  const { mode } = statSync(path);
  symlinkSync("a.tsk", join(at.path, "link.tsk"));
  writeText(join(at.path, "link.tsk"), "a: 2\n");
  assert.equal(readFileSync(path, "utf8"), "a: 2\n");
  assert.equal(statSync(path).mode, mode);
  assert.deepEqual(readdirSync(at.path).sort(), ["a.tsk", "link.tsk"]);
});

test("what cannot be written is told by its name and why", () => {
  using at = commandFolder({});
  mkdirSync(join(at.path, "folder"));
  for (const name of ["folder", "none/a.tsk"])
    assert.throws(
      () => writeText(join(at.path, name), ""),
      (error) =>
        error instanceof TuskerError && error.code === "CLI_CANNOT_WRITE" && error.message.includes(name),
    );
  writeText(join(at.path, "none/a.tsk"), "", { folders: true });
});

test("a secret is for its owner, and overwrites nothing", () => {
  using at = commandFolder({});
  const path = join(at.path, "key");
  writeText(path, "k", { secret: true });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.throws(() => writeText(path, "other", { secret: true }), { code: "CLI_CANNOT_WRITE" });
  assert.equal(readFileSync(path, "utf8"), "k");
});
