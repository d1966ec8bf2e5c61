import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFolder } from "../../../test/support/command-line.ts";
import { loadFleet } from "./load.ts";

const schema = {
  type: "object",
  properties: {
    database: {
      type: "object",
      properties: { port: { type: "integer", maximum: 65535 } },
      required: ["host"],
    },
  },
};

test("a service's schema is checked after the merge; problems stand where the value that counts was written", () => {
  using at = commandFolder({
    "a.js": "",
    "config/a.schema.json": JSON.stringify(schema),
    "tusker.tsk":
      '[services]\na: {\n  run: "node a.js"\n  schema: "config/a.schema.json"\n  config: { database: { host: "db", port: 1 } }\n}\n',
    "environment/prod.tsk": "[services]\na: { config: { database: { port: 70000 } } }\n",
  });
  const file = `${at.path}/tusker.tsk`;
  assert.deepEqual(loadFleet(file, { env: {} }).diagnostics, []);
  const [found, ...others] = loadFleet(file, { env: {}, environment: "prod" }).diagnostics;
  assert.deepEqual(others, []);
  assert.deepEqual([found?.code, found?.line], ["FLEET_INVALID", 2]);
  assert.match(found?.file ?? "", /prod\.tsk$/);
  assert.match(found?.message ?? "", /services\.a\.config\.database\.port must be at most 65535/);
});

test("a schema that is missing, no JSON or not supported is a problem of its key", () => {
  using at = commandFolder({
    "a.js": "",
    "bad.json": "{",
    "odd.json": '{ "if": {} }',
    "tusker.tsk": ["none.json", "bad.json", "odd.json"]
      .map((file, index) => `services.s${index}: { run: "node a.js", schema: "${file}" }`)
      .join("\n"),
  });
  const { diagnostics } = loadFleet(`${at.path}/tusker.tsk`, { env: {} });
  assert.deepEqual(
    diagnostics.map((one) => [one.code, one.line]),
    [1, 2, 3].map((line) => ["FLEET_INVALID", line]),
  );
});
