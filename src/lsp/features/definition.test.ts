import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { type OpenFile, openFile, openFleet } from "../../../test/support/lsp-file.ts";
import type { Place } from "../snapshot.ts";
import { Workspace } from "../workspace.ts";
import { definition, references } from "./definition.ts";

/** What is found, as the texts it covers. */
function texts(at: OpenFile, find: (at: OpenFile) => readonly Place[]): readonly string[] {
  return find(at).map((place) => {
    const text = at.snapshot.trees.get(place.file)?.source.text ?? "";
    return `${basename(place.file)}: ${text.slice(place.start, place.end)}`;
  });
}

const defined = (text: string): readonly string[] =>
  texts(openFile(text), ({ snapshot, offset }) => definition(snapshot, offset));

test("a variable leads to where it is set, the innermost one of its name", () => {
  assert.deepEqual(defined("$a: 1\nb: $|a"), ["tusker.tsk: $a"]);
  const { snapshot, offset } = openFile('$a: 1\nb: { $a: 2, c: "${|$a}" }');
  assert.equal(definition(snapshot, offset)[0]?.start, 11);
});

test("the name of a service leads to the service, from a route, a dependency or a reference", () => {
  const services = "[services]\nuser: { port: 1 }\n";
  for (const use of ['[routes]\n"/x": { service: "us|er" }', "b: { port: 2, dependencies: ['us|er'] }"])
    assert.deepEqual(defined(services + use), ["tusker.tsk: user"]);
  assert.deepEqual(defined(`${services}[fleet]\nx: services.us|er.port`), ["tusker.tsk: user"]);
});

test("a bare word leads to the key it means", () => {
  assert.deepEqual(defined("[gateway]\nport: 1\n[control]\nport: gateway.po|rt"), ["tusker.tsk: port"]);
  assert.deepEqual(defined("a: 1\nb: { c: |a }"), ["tusker.tsk: a"]);
  assert.deepEqual(defined("b: { c: |nothing }"), []);
});

test("a key leads to every layer that gives it a value", () => {
  const at = openFleet({
    "tusker.tsk": "[gateway]\npo|rt: 1\n",
    "tusker.local.tsk": "[gateway]\nport: 22\n",
  });
  assert.deepEqual(
    texts(at, ({ snapshot, offset }) => definition(snapshot, offset)),
    ["tusker.local.tsk: 22", "tusker.tsk: 1"],
  );
});

test("the script of a command and a file that is read lead there", () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-lsp-"));
  using _gone = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  for (const name of ["a.js", "key.txt", "more.tsk"]) writeFileSync(join(folder, name), "");
  const workspace = new Workspace({ env: {} });
  const file = join(folder, "tusker.tsk");
  const text = '[services]\na: { run: "node a.js", config: { k: @file("key.txt") } }\n@include "more.tsk"\n';
  workspace.put(file, text);
  const snapshot = workspace.snapshot(file);
  assert.ok(snapshot);
  const found = ["a.js", "key.txt", "more.tsk"].map(
    (name) => definition(snapshot, text.indexOf(name) + 1)[0]?.file,
  );
  assert.deepEqual(
    found,
    ["a.js", "key.txt", "more.tsk"].map((name) => join(folder, name)),
  );
});

test("a variable, a service and a key of an included file are found there", () => {
  const at = openFleet({
    "tusker.tsk": '@include "services.tsk"\n[routes]\n"/x": { service: "us|er" }\n',
    "services.tsk": "[services]\nuser: { port: 1 }\n",
  });
  assert.deepEqual(
    texts(at, ({ snapshot, offset }) => definition(snapshot, offset)),
    ["services.tsk: user"],
  );
});

test("references of a variable and of a service are all of them, in all files", () => {
  const at = openFleet({
    "tusker.tsk": '[services]\nuser: { port: 1 }\nb: { port: 2, dependencies: ["|user"] }\n',
    "tusker.local.tsk": '[services.user]\nport: 3\n[routes]\n"/x": { service: "user" }',
  });
  assert.deepEqual(
    texts(at, ({ snapshot, offset }) => references(snapshot, offset)),
    ["tusker.tsk: user", "tusker.tsk: user", "tusker.local.tsk: user", "tusker.local.tsk: user"],
  );
  const variable = openFile("$a: 1\nb: $a\nc: { d: [$|a] }");
  assert.equal(references(variable.snapshot, variable.offset).length, 3);
});

test("an include with a pattern leads to every file that it brings", () => {
  const at = openFleet({
    "tusker.tsk": '@include "parts/*.t|sk"\n',
    "parts/a.tsk": "[gateway]\nport: 1\n",
    "parts/b.tsk": "[control]\nport: 2\n",
    "tusker.local.tsk": "[fleet]\n",
  });
  assert.deepEqual(
    texts(at, ({ snapshot, offset }) => definition(snapshot, offset)),
    ["a.tsk: ", "b.tsk: "],
  );
});

test("a value of another file leads there: its path to the key, its operator to the file", () => {
  const files = { "limits.tsk": "[http]\ntimeout: 5s\n", "tusker.tsk": "" };
  const find = (text: string): readonly string[] =>
    texts(openFleet({ ...files, "tusker.tsk": `#!tusker 1\n[gateway]\n${text}\n` }), ({ snapshot, offset }) =>
      definition(snapshot, offset),
    );
  assert.deepEqual(find('timeout: @limits.tsk.get("http.time|out")'), ["limits.tsk: timeout: 5s"]);
  assert.deepEqual(find('timeout: @lim|its.tsk.get("http.timeout")'), ["limits.tsk: "]);
  assert.deepEqual(find('timeout: @limits.tsk.get("http.no|ne", 5s)'), []);
});

test("in a file that a section includes a key is that of the section", () => {
  const at = openFleet({
    "tusker.tsk": '[gateway]\n@include "parts/*.tsk"\n',
    "parts/front.tsk": "po|rt: 1\n",
    "tusker.local.tsk": "[gateway]\nport: 22\n",
  });
  assert.deepEqual(at.snapshot.under, ["gateway"]);
  assert.deepEqual(
    texts(at, ({ snapshot, offset }) => definition(snapshot, offset)),
    ["tusker.local.tsk: 22", "front.tsk: 1"],
  );
});
