import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFleet } from "./file/load.ts";
import { registrationOf } from "./service-group.ts";

function load(text: string): ReturnType<typeof loadFleet> {
  const files = {
    readFile: (path: string) => (path.endsWith("tusker.tsk") ? text : undefined),
    list: () => [],
  };
  return loadFleet("/nowhere/tusker.tsk", { env: {}, files });
}

test("the tags of a service are those of its instances in the registry", () => {
  const { settings } = load('[services]\na: { port: 81, tags: ["eu", "canary"] }\nb: { port: 82 }');
  const told = settings?.services.map((one) => registrationOf(one, one.name, { port: one.port }).tags);
  assert.deepEqual(told, [["eu", "canary"], []]);
});

test("a tag is a label of a name in DNS", () => {
  const { diagnostics } = load('[services]\na: { port: 81, tags: ["eu", "not so"] }');
  assert.deepEqual(
    diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`),
    ["2:29 FLEET_INVALID"],
  );
});
