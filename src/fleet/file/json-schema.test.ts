import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parsePath } from "../../tsk/index.ts";
import { withConfigSchemas } from "./check/config-json-schema.ts";
import { gatewayPage } from "./gateway-page.ts";
import { fleetJsonSchema, type JsonSchema } from "./json-schema.ts";
import { type LoadedFleet, loadFleet } from "./load.ts";
import { configReferencePage } from "./reference-page.ts";
import { fleetSchema } from "./schema.ts";

test("every key of every section says what it means", () => {
  const silent: string[] = [];
  const visit = (schema: JsonSchema, path: string): void => {
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      if (value.description === undefined) silent.push(`${path}.${key}`);
      visit(value, `${path}.${key}`);
    }
    if (typeof schema.additionalProperties === "object") visit(schema.additionalProperties, `${path}.*`);
    for (const one of schema.anyOf ?? []) visit(one, path);
  };
  visit(fleetJsonSchema(), "");
  assert.deepEqual(silent, []);
});

test("defaults are given as they are written in a file, and mean what the section fills in", () => {
  const sections = Object.entries(fleetJsonSchema().properties ?? {});
  const written = Object.fromEntries(
    sections.map(([name, section]) => [
      name,
      Object.fromEntries(
        Object.entries(section.properties ?? {})
          .filter(([, schema]) => schema.default !== undefined)
          .map(([key, schema]) => [key, schema.default]),
      ),
    ]),
  );
  assert.deepEqual(fleetSchema.parse(written), fleetSchema.parse({}));
});

test("the schema is draft 2020-12, refuses unknown keys, and has both forms of a service", () => {
  const schema = fleetJsonSchema();
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.additionalProperties, false);
  const service = schema.properties?.services?.additionalProperties;
  assert.ok(typeof service === "object");
  assert.deepEqual(
    service.anyOf?.map((one) => one.type),
    ["object", "string"],
  );
});

test("docs/reference/config.md is what the sections say", () => {
  const page = readFileSync(new URL("../../../docs/reference/config.md", import.meta.url), "utf8");
  assert.equal(
    page,
    configReferencePage(),
    "write it again: node --conditions=tusker-source scripts/config-reference.ts",
  );
});

test("the tables of docs/reference/gateway.md are what the sections say", () => {
  const page = readFileSync(new URL("../../../docs/reference/gateway.md", import.meta.url), "utf8");
  assert.equal(
    page,
    gatewayPage(page),
    "write it again: node --conditions=tusker-source scripts/config-reference.ts",
  );
  assert.throws(() => gatewayPage("# a page without marks"), RangeError);
});

const check = new Ajv2020({ allErrors: true, validateFormats: false }).compile(fleetJsonSchema());
const shop = fileURLToPath(new URL("../../../examples/shop/tusker.tsk", import.meta.url));

/** Where a validator of others finds something wrong with a fleet. */
function foreign({ document }: LoadedFleet): readonly string[] {
  check(JSON.parse(JSON.stringify(document.value)));
  return (check.errors ?? []).map((one) => one.instancePath);
}

/** RFC 6901. */
function pointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

test("a validator of others takes the schema, and every example of ours with it", () => {
  const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
  const files = globSync("**/tusker.tsk", { cwd: examples }).map((file) => join(examples, file));
  assert.ok(files.includes(shop));
  for (const file of files) assert.deepEqual(foreign(loadFleet(file, { env: {} })), [], file);
});

const mistakes = `
gatway={}
gateway.port=eighty
gateway.port=70000
gateway.timout=5s
gateway.timeout=soon
gateway.max_body=10 megabytes
control.port={}
grpc.port=1.5
tracing.sampling_rate=2
tracing.enabled=maybe
services.user-service.port=-1
services.user-service.instances=1.5
services.user-service.rn=x
services.user-service.dependencies=1
routes."/api/users/*".method=1
routes."/api/users/*".servce=x
`;

for (const mistake of mistakes.trim().split("\n"))
  test(`it refuses ${mistake} where the sections do`, () => {
    const at = parsePath(mistake.split("=", 1)[0] ?? "") ?? [];
    const wrong = loadFleet(shop, { env: {}, sets: [mistake] });
    assert.ok(wrong.diagnostics.some((one) => one.code.startsWith("FLEET_")));
    const found = foreign(wrong);
    // An unknown key is found at the map around it.
    const there = found.includes(pointer(at)) || found.includes(pointer(at.slice(0, -1)));
    assert.ok(there, found.join(", "));
  });

test("what a service asks of its configuration stands in the schema of its file", () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-schema-"));
  try {
    const asked = { type: "object", properties: { pool: { type: "integer" } }, required: ["pool"] };
    writeFileSync(join(folder, "a.json"), JSON.stringify(asked));
    writeFileSync(
      join(folder, "tusker.tsk"),
      '[services]\na: { port: 81, schema: "a.json", config: { pool: 3 } }\nb: { port: 82 }\n',
    );
    const { settings } = loadFleet(join(folder, "tusker.tsk"), { env: {} });
    assert.ok(settings !== undefined);
    const services = withConfigSchemas(fleetJsonSchema(), settings).properties?.services;
    assert.deepEqual(Object.keys(services?.properties ?? {}), ["a"]);
    const [form] = services?.properties?.a?.anyOf ?? [];
    assert.deepEqual(form?.properties?.config, asked);
    assert.ok(form?.properties?.port !== undefined);
    assert.ok(services?.additionalProperties !== undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
