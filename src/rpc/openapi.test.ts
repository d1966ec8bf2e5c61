import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { contract, infoOf } from "./contract.ts";
import { openApi } from "./openapi.ts";

type Json = { readonly [key: string]: Json } & readonly Json[] & string;

const Address = z.object({ street: z.string() }).meta({ id: "Address" });
const Node = z.object({
  name: z.string(),
  get children() {
    return z.array(Node);
  },
});
const Service = contract("doc-service", {
  find: {
    http: "GET /docs/{id}",
    in: z.object({ id: z.string(), limit: z.int().default(5), tag: z.array(z.string()).optional() }),
    out: z.object({ home: Address, work: Address }),
    errors: { NOT_FOUND: 404, GONE: 410, HIDDEN: 404 },
    summary: "Finds a document",
  },
  tree: { http: "PUT /docs/{id}/tree", in: z.object({ id: z.string(), root: Node }), out: Node, status: 202 },
  ping: { http: "POST /ping", in: z.object({}), out: z.object({}) },
});
const write = (envelope: boolean): Json =>
  openApi(infoOf(Service), { version: "1.2.3", envelope }) as unknown as Json;
const documented = write(false);
const find = documented.paths!["/docs/{id}"]!.get!;
const tree = documented.paths!["/docs/{id}/tree"]!.put!;

test("names, versions and operations are those of the contract", () => {
  assert.equal(documented.openapi, "3.1.0");
  assert.deepEqual(documented.info, { title: "doc-service", version: "1.2.3" });
  assert.deepEqual(Object.keys(documented.paths ?? {}), ["/docs/{id}", "/docs/{id}/tree", "/ping"]);
  assert.deepEqual([find.operationId, find.summary], ["find", "Finds a document"]);
});

test("path parameters are required, query parameters as the schema says", () => {
  const parameters = find.parameters!.map(({ name, in: place, required }) => [name, place, required]);
  assert.deepEqual(parameters, [
    ["id", "path", true],
    ["limit", "query", false],
    ["tag", "query", false],
  ]);
});

test("what is not in the path is in the body, and no body is asked for where nothing is left", () => {
  const schema = tree.requestBody!.content!["application/json"]!.schema!;
  assert.deepEqual([Object.keys(schema.properties!), schema.required], [["root"], ["root"]]);
  assert.equal(tree.requestBody!.required, true);
  assert.equal(documented.paths!["/ping"]!.post!.requestBody, undefined);
});

test("declared errors stand under their status with their codes", () => {
  assert.deepEqual(Object.keys(find.responses!), ["200", "404", "410", "default"]);
  assert.equal(find.responses!["404"]!.description, "NOT_FOUND, HIDDEN");
  assert.match(JSON.stringify(find.responses!["404"]), /"enum":\["NOT_FOUND","HIDDEN"\]/);
  assert.ok(tree.responses!["202"]);
});

test("every reference leads to a component, shared and recursive schemas too", () => {
  for (const text of [JSON.stringify(documented), JSON.stringify(write(true))]) {
    const { components } = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    assert.ok(references.length > 4);
    for (const reference of references) {
      assert.match(reference, /^#\/components\/schemas\//);
      assert.ok(reference.slice("#/components/schemas/".length) in components.schemas, reference);
    }
  }
});

test("with the envelope every success is wrapped", () => {
  const schema = write(true).paths!["/ping"]!.post!.responses!["200"]!.content!["application/json"]!.schema!;
  assert.deepEqual(Object.keys(schema.properties!), ["success", "data", "error"]);
});
