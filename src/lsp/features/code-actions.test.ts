import assert from "node:assert/strict";
import { test } from "node:test";
import { openFile } from "../../../test/support/lsp-file.ts";
import { codeActions, sureFixes } from "./code-actions.ts";

/** The text after each repair that is offered, by its title. */
function repaired(text: string): Readonly<Record<string, string>> {
  const { snapshot } = openFile(text);
  const whole = { start: 0, end: text.length };
  return Object.fromEntries(
    codeActions(snapshot, whole).map(({ title, edit }) => [
      title,
      text.slice(0, edit.start) + edit.text + text.slice(edit.end),
    ]),
  );
}

test("what was nearly right is offered as it was meant", () => {
  assert.deepEqual(repaired("[gateway]\ntimout: 5s"), { "change to timeout": "[gateway]\ntimeout: 5s" });
  assert.deepEqual(repaired('$region: 1\n[fleet]\nname: "x${$regoin}"'), {
    "change to $region": '$region: 1\n[fleet]\nname: "x${$region}"',
  });
  assert.equal(repaired("[gateway]\nport: @evn('P', 1)")["change to @env"], "[gateway]\nport: @env('P', 1)");
});

test("the name of a service is repaired with its quotes", () => {
  const text = '[services]\nuser-service: { port: 1 }\n[routes]\n"/x": { service: "user-servce" }';
  assert.equal(repaired(text)['change to "user-service"'], text.replace("servce", "service"));
});

test("a name that means nothing may be text, or a key that is nearly called so", () => {
  const text = "#!tusker 1\n[gateway]\nport: 1\n[control]\nport: gatway.port\nbind: local";
  const found = repaired(text);
  assert.equal(found["put it in quotes"], text.replace(/local$/, '"local"'));
  assert.equal(found["change to gateway"], text.replace("gatway", "gateway"));
});

test("only what stands in the place that was asked about is repaired", () => {
  const { snapshot } = openFile("[gateway]\ntimout: 5s\nprot: 1");
  assert.deepEqual(
    codeActions(snapshot, { start: 12, end: 12 }).map((one) => one.title),
    ["change to timeout"],
  );
  assert.deepEqual(codeActions(snapshot, { start: 0, end: 0 }), []);
});

test("fix all makes repairs that do not overlap, the outer one of two", () => {
  const text = "list:\n  - x\n  - y\nm:\n  n:\n    o: word\n";
  const { snapshot } = openFile(text);
  const edits = sureFixes(snapshot).toSorted((one, other) => one.start - other.start);
  for (const [index, edit] of edits.entries()) assert.ok((edits[index - 1]?.end ?? 0) <= edit.start);
  assert.deepEqual(
    edits.map((edit) => text.slice(edit.start, edit.end).trim().split("\n").length),
    [2, 2],
  );
  const titles = codeActions(snapshot, { start: 0, end: text.length }).map((one) => one.title);
  assert.ok(titles.includes('write [ "x" "y" ]'), titles.join(", "));
  assert.ok(titles.every((title) => !title.includes("\n")));
});
