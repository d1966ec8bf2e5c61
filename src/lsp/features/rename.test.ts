import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { openFile, openFleet } from "../../../test/support/lsp-file.ts";
import type { Snapshot } from "../snapshot.ts";
import { rename, renameable } from "./rename.ts";

/** The file after a rename, or why not. */
function renamed(snapshot: Snapshot, offset: number, name: string): string {
  const result = rename(snapshot, offset, name);
  if ("refused" in result) return `refused: ${result.refused}`;
  let { text } = snapshot.tree.source;
  const here = result.edits.filter((edit) => edit.file === snapshot.file);
  for (const edit of here.toSorted((a, b) => b.start - a.start))
    text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  return text;
}

test("a variable is renamed where it is set and used, and only there", () => {
  const { snapshot, offset } = openFile('$a: 1\nb: $|a + 1\nc: "x${$a}"\nd: { $a: 2, e: $a }\nf: a');
  assert.equal(
    renamed(snapshot, offset, "size"),
    '$size: 1\nb: $size + 1\nc: "x${$size}"\nd: { $a: 2, e: $a }\nf: a',
  );
  assert.equal(renamed(snapshot, offset, "$size"), renamed(snapshot, offset, "size"));
});

test("a variable does not take the name of another that is seen in the same place", () => {
  const { snapshot, offset } = openFile("$a: 1\n$b: 2\nc: $|a");
  assert.match(renamed(snapshot, offset, "b"), /^refused: .*already/);
  assert.match(renamed(snapshot, offset, "no name"), /^refused/);
});

test("a service is renamed in every file, its own file with it", () => {
  const { snapshot, offset } = openFleet({
    "tusker.tsk":
      '[services]\nus|er: { port: 1 }\nb: { port: services.user.port, dependencies: ["user"] }\n[routes]\n"/user": { service: \'user\' }\n',
    "tusker.local.tsk": "services: { user: { port: 2 } }\n",
    "config/services/user.tsk": "key: 1\n",
  });
  assert.equal(
    renamed(snapshot, offset, "person"),
    '[services]\nperson: { port: 1 }\nb: { port: services.person.port, dependencies: ["person"] }\n[routes]\n"/user": { service: \'person\' }\n',
  );
  const result = rename(snapshot, offset, "person");
  assert.ok("edits" in result);
  assert.deepEqual(
    result.edits.map((edit) => basename(edit.file)).filter((name) => name !== "tusker.tsk"),
    ["tusker.local.tsk"],
  );
  assert.deepEqual(
    result.moves.map(({ from, to }) => [basename(from), basename(to)]),
    [["user.tsk", "person.tsk"]],
  );
});

test("a service does not take a name that is none or another's", () => {
  const { snapshot, offset } = openFile("[services]\n|a: { port: 1 }\nb: { port: 2 }");
  for (const name of ["b", "B", "with space", ""]) assert.match(renamed(snapshot, offset, name), /^refused/);
});

test("what has no name of its own is not renamed", () => {
  const { snapshot, offset } = openFile("[gateway]\npo|rt: 1");
  assert.equal(renameable(snapshot, offset), undefined);
  assert.match(renamed(snapshot, offset, "x"), /^refused/);
  const variable = openFile("$ab: 1\nc: $a|b");
  assert.deepEqual(renameable(variable.snapshot, variable.offset), { start: 10, end: 13 });
});
