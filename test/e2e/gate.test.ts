import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { runNode } from "../../scripts/run.ts";
import { parseTally } from "../../scripts/tally.ts";

const root = resolve(import.meta.dirname, "../..");
const timeoutMs = 120_000;

const files = {
  "a.test.mjs": `
    import { describe, test } from "node:test";
    test("passes", () => {});
    test("outer", async (t) => { await t.test("inner passes", () => {}); });
    describe("suite", () => { test("in a suite", () => {}); });
    test("skipped with a reason", { skip: "no network" }, () => {});
    test("skipped", { skip: true }, () => {});
    test("unfinished", { todo: true }, () => { throw new Error("not yet"); });`,
  "b.test.mjs": `
    import { test } from "node:test";
    test("fails", () => { throw new Error("no"); });`,
};

for (const isolation of ["none", "process"]) {
  test(`the tally counts claims once, with isolation ${isolation}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tusker-gate-"));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const out = join(folder, "tally.txt");
      const reporter = [
        "--test-reporter",
        join(root, "scripts/tally.ts"),
        `--test-reporter-destination=${out}`,
      ];
      const args = ["--test", `--test-isolation=${isolation}`, ...reporter, ...Object.keys(files)];
      const ended = await runNode(args, { cwd: folder, timeoutMs });
      assert.equal(ended.exitCode, 1);
      const tally = parseTally(readFileSync(out, "utf8"));
      assert.equal(tally?.failed, 1);
      assert.equal(tally.passed, 4);
      assert.deepEqual(tally.skipped, ["skipped with a reason (no network)", "skipped", "unfinished (todo)"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a run that says nothing has no tally", () => {
  assert.equal(parseTally(""), undefined);
  assert.equal(parseTally("Segmentation fault\n"), undefined);
});

test("a step that does not exist is wrong use, and the list of steps is a question", async () => {
  const gate = join(root, "scripts/gate.ts");
  const unknown = await runNode([gate, "nothing"], { cwd: root, timeoutMs });
  assert.equal(unknown.exitCode, 2);
  const list = await runNode([gate, "--list"], { cwd: root, timeoutMs });
  assert.equal(list.exitCode, 0);
  for (const name of ["check", "types", "unit", "golden", "e2e"])
    assert.match(list.output, new RegExp(`^${name} `, "m"));
});

test("a child that does not end in time is ended, and said to be late", async () => {
  const ended = await runNode(["-e", "setInterval(() => {}, 1000)"], { cwd: root, timeoutMs: 300 });
  assert.equal(ended.timedOut, true);
});
