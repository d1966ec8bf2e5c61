import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
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
    "odd.json": '{ "unevaluatedProperties": false }',
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

/** A schema as a module writes one: no library, the interface alone. */
const moduleText = `
interface Issue { message: string; path?: (PropertyKey | { key: PropertyKey })[] }
const schema = (validate: (value: any) => Issue[] | Promise<Issue[]>) => ({
  "~standard": {
    version: 1, vendor: "test",
    validate: (value: unknown) => {
      const issues = validate(value);
      return issues instanceof Promise ? issues.then((issues) => ({ issues })) : { issues };
    },
  },
});
export const Config = schema((value) =>
  typeof value.port === "number" ? [] : [{ message: "expected a number, got " + value.port, path: [{ key: "port" }] }]);
export const Token = schema((value) => [
  { message: "bad token " + value.token, path: ["token"] },
  { message: "the token " + value.token + " does not go with the port", path: [] },
]);
export const Late = schema(async () => { throw new Error("never heard"); });
export const Thrown = schema((value) => { throw new Error("no " + value.token); });
`;

test("a module's Standard Schema judges the merged config, where the value that counts was written", () => {
  using at = commandFolder({
    "a.js": "",
    "config.ts": moduleText,
    "tusker.tsk": '[services]\na: { run: "node a.js", schema: "./config.ts#Config", config: { port: 1 } }\n',
    "environment/prod.tsk": '[services]\na: {\n  config: { port: "eighty" }\n}\n',
  });
  const file = `${at.path}/tusker.tsk`;
  assert.deepEqual(loadFleet(file, { env: {} }).diagnostics, []);
  const [found, ...others] = loadFleet(file, { env: {}, environment: "prod" }).diagnostics;
  assert.deepEqual(others, []);
  assert.deepEqual([found?.code, found?.line], ["FLEET_INVALID", 3]);
  assert.match(found?.file ?? "", /prod\.tsk$/);
  assert.match(found?.message ?? "", /^services\.a\.config\.port: expected a number, got eighty$/);
  assert.match(found?.related?.[0]?.file ?? "", /tusker\.tsk$/);
  const asked = loadFleet(file, { env: {}, environment: "prod", modules: false });
  assert.deepEqual(asked.diagnostics, [], "where no code may run the module is not loaded");
});

test("a module is another one when what it imports has changed, however far away", () => {
  const limit = (most: number): string => `// as of the last review: ${most}\nexport const most = ${most};\n`;
  using at = commandFolder({
    "a.js": "",
    "shared/limit.ts": limit(10),
    "shared/index.ts": 'export * from "./limit.ts";\n',
    "config.ts": `import { most } from "./shared/index.ts";
export const Config = { "~standard": { version: 1, vendor: "test", validate: (value) =>
  value.port > most ? { issues: [{ message: "more than " + most, path: ["port"] }] } : { value } } };
`,
    "tusker.tsk": '[services]\na: { run: "node a.js", schema: "./config.ts", config: { port: 15 } }\n',
  });
  const told = (): readonly string[] => {
    const { diagnostics, from } = loadFleet(`${at.path}/tusker.tsk`, { env: {} });
    for (const file of ["config.ts", "shared/index.ts", "shared/limit.ts"])
      assert.ok(from.files.includes(`${at.path}/${file}`), `${file} of ${from.files.join(" ")}`);
    return diagnostics.map(({ message }) => message);
  };
  assert.deepEqual(told(), ["services.a.config.port: more than 10"]);
  writeFileSync(`${at.path}/shared/limit.ts`, limit(20));
  assert.deepEqual(told(), []);
  writeFileSync(`${at.path}/shared/limit.ts`, limit(12));
  assert.deepEqual(told(), ["services.a.config.port: more than 12"]);
});

test("what a schema says about a secret does not tell it", () => {
  using at = commandFolder({
    "a.js": "",
    "config.ts": moduleText,
    "tusker.tsk": ["Token", "Thrown"]
      .map(
        (name) =>
          `services.${name.toLowerCase()}: { run: "node a.js", schema: "config.ts#${name}", config: { token: @env.secure("T") } }`,
      )
      .join("\n"),
  });
  const { diagnostics } = loadFleet(`${at.path}/tusker.tsk`, { env: { T: "hunter2" } });
  assert.deepEqual(
    new Set(diagnostics.map((one) => one.message)),
    new Set([
      "services.token.config.token: is not what the schema asks for",
      "services.token.config: the token [secret] does not go with the port",
      "the schema config.ts#Thrown of thrown cannot be used: it failed: no [secret]",
    ]),
  );
  assert.doesNotMatch(JSON.stringify(diagnostics), /hunter2/);
});

test("a module that is no schema, or elsewhere, is a problem of its key", () => {
  const asked = {
    "config.ts": /exports several schemas; write config\.ts#Config or config\.ts#Late or/,
    "config.ts#None": /exports no Standard Schema None/,
    "config.ts#Late": /answers later/,
    "broken.ts": /cannot be loaded/,
    "none.ts": /there is no such file/,
    [import.meta.filename]: /must stand in the folder of the fleet/,
  };
  using at = commandFolder({
    "a.js": "",
    "config.ts": moduleText,
    "broken.ts": "export const = 1",
    "tusker.tsk": Object.keys(asked)
      .map((file, index) => `services.s${index}: { run: "node a.js", schema: "${file}" }`)
      .join("\n"),
  });
  const { diagnostics } = loadFleet(`${at.path}/tusker.tsk`, { env: {} });
  assert.equal(diagnostics.length, Object.keys(asked).length);
  for (const [index, pattern] of Object.values(asked).entries())
    assert.match(diagnostics[index]?.message ?? "", pattern);
});
