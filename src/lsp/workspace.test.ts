import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Workspace } from "./workspace.ts";

function folder(files: Readonly<Record<string, string>>): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-lsp-"));
  mkdirSync(join(path, "environment"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("an open text covers the one on the disk until it is closed", () => {
  using at = folder({ "tusker.tsk": "[gateway]\nport: 1\n" });
  const file = join(at.path, "tusker.tsk");
  const workspace = new Workspace({ env: {} });
  const port = (): unknown => workspace.snapshot(file)?.document.value.gateway;
  assert.deepEqual(port(), { port: 1 });
  workspace.put(file, "[gateway]\nport: 2\n");
  assert.deepEqual(port(), { port: 2 });
  workspace.close(file);
  assert.deepEqual(port(), { port: 1 });
});

test("one version is loaded once; a change on the disk is seen when it is told", () => {
  using at = folder({ "tusker.tsk": "[gateway]\nport: 1\n" });
  const file = join(at.path, "tusker.tsk");
  const workspace = new Workspace({ env: {} });
  const first = workspace.project(file);
  writeFileSync(file, "[gateway]\nport: 2\n");
  assert.equal(workspace.project(file), first);
  workspace.forget();
  assert.deepEqual(workspace.project(file)?.document.value.gateway, { port: 2 });
});

test("an overlay is seen in its own environment, a strange file alone", () => {
  using at = folder({
    "tusker.tsk": "[gateway]\nport: 1\n",
    "environment/prod.tsk": "[gateway]\nport: 3\n",
    "other.tsk": "x: 1\n",
  });
  const workspace = new Workspace({ env: {} });
  const prod = workspace.snapshot(join(at.path, "environment/prod.tsk"));
  assert.deepEqual([prod?.fleet, prod?.document.value.gateway], [true, { port: 3 }]);
  const other = workspace.snapshot(join(at.path, "other.tsk"));
  assert.deepEqual([other?.fleet, other?.document.value], [false, { x: 1 }]);
  assert.equal(workspace.snapshot(join(at.path, "nothing.tsk")), undefined);
});

test("a draft has the newest text and the values of the version before", () => {
  const workspace = new Workspace({ env: {} });
  const file = "/nowhere/tusker.tsk";
  workspace.put(file, "[gateway]\nport: 1\n");
  workspace.snapshot(file);
  workspace.put(file, "[gateway]\nport: 2\nti");
  const draft = workspace.draft(file);
  assert.equal(draft?.tree.source.text, "[gateway]\nport: 2\nti");
  assert.deepEqual(draft?.document.value.gateway, { port: 1 });
  assert.deepEqual(workspace.snapshot(file)?.document.value.gateway, { port: 2 });
});
