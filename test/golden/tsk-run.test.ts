import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const runner = join(import.meta.dirname, "tsk/run.ts");

function suite(command: string, only: string): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(process.execPath, [runner, "--command", command, "--only", only], {
    cwd: root,
    encoding: "utf8",
  });
}

test("the suite runs against a command, and ours passes", () => {
  const { status, stdout } = suite(`${process.execPath} bin/tusker.js config render --json --layers --raw`, "duplicates");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^(\d+) of \1 cases$/m);
});

test("cases that need a host are passed over unless the command has one", () => {
  const { status, stdout } = suite(`${process.execPath} bin/tusker.js config render --json --layers --raw`, "secrets/encrypted");
  assert.equal(status, 1);
  assert.equal(stdout, "2 cases need a host\n0 of 0 cases\n");
});

test("the style is asked of a second command", () => {
  const ours = `${process.execPath} bin/tusker.js config`;
  const asked = (format: string): string =>
    spawnSync(
      process.execPath,
      [runner, "--command", `${ours} render --json --layers --raw`, "--format", format, "--only", "style/blank"],
      { cwd: root, encoding: "utf8" },
    ).stdout;
  assert.equal(asked(`${ours} fmt`), "1 of 1 cases\n");
  assert.match(asked(`${process.execPath} --eval 0 --`), /^not ok {2}style.blank-lines\.tsk: style /);
});

test("an implementation that knows nothing fails every case that asks for something", () => {
  const { status, stdout } = suite(`${process.execPath} --eval 0 --`, "units");
  assert.equal(status, 1);
  assert.match(stdout, /^not ok {2}units.*/m);
});
