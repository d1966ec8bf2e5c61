import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withConfigSchemas } from "./check/config-json-schema.ts";
import { gatewayPage } from "./gateway-page.ts";
import { fleetJsonSchema, type JsonSchema } from "./json-schema.ts";
import { loadFleet } from "./load.ts";
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
