import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../kernel/index.ts";
import { SchemaError, violations } from "./validate.ts";

const fits = (value: unknown, schema: unknown): boolean => violations(value, schema).length === 0;

const cases: readonly (readonly [schema: unknown, good: readonly unknown[], bad: readonly unknown[]])[] = [
  [{ type: "integer" }, [1, -3], [1.5, "1", null]],
  [{ type: "number" }, [1, 1.5], ["1"]],
  [{ type: ["string", "null"] }, ["", null], [0, []]],
  [
    { type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 },
    [[true]],
    [[], [1], [true, true, true], {}],
  ],
  [{ enum: [1, "a", [2]] }, [1, "a", [2]], [2, "b"]],
  [{ const: { a: 1 } }, [{ a: 1 }], [{ a: 2 }]],
  [{ minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, "text"], [0, 3]],
  [{ maximum: 1, exclusiveMinimum: 0 }, [1], [0, 2]],
  [{ minLength: 2, maxLength: 3, pattern: "^a" }, ["a😀", "abc", 7], ["a", "abcd", "bcd"]],
  [
    { properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
    [{ a: "" }],
    [{}, { a: 1 }, { a: "", b: 1 }],
  ],
  [
    { properties: { a: true, b: false }, additionalProperties: { type: "number" } },
    [{ a: 0, c: 1 }],
    [{ b: 1 }, { c: "" }],
  ],
  [{ anyOf: [{ type: "string" }, { minimum: 5 }] }, ["", 5], [4]],
  [{ oneOf: [{ minimum: 5 }, { maximum: 7 }] }, [1, 9], [6]],
  [{ allOf: [{ minimum: 5 }, { maximum: 7 }] }, [6], [4, 8]],
  [{ not: { type: "null" } }, [1], [null]],
  [{ multipleOf: 0.1 }, [0.3, 1, "x"], [0.35]],
  [{ minProperties: 1, maxProperties: 2 }, [{ a: 1 }, 1], [{}, { a: 1, b: 1, c: 1 }]],
  [{ uniqueItems: true }, [[1, "1", { a: 1 }]], [[{ a: 1 }, { a: 1 }]]],
  [
    {
      properties: { a: true },
      patternProperties: { "^x-": { type: "number" } },
      additionalProperties: false,
    },
    [{ a: "", "x-b": 1 }],
    [{ "x-b": "" }, { b: 1 }],
  ],
  [{ propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
  [{ dependentRequired: { cert: ["key"] } }, [{ cert: 1, key: 1 }, { key: 1 }], [{ cert: 1 }]],
  [{ dependentSchemas: { a: { required: ["b"] } } }, [{ b: 1 }, { a: 1, b: 1 }], [{ a: 1 }]],
  [
    { prefixItems: [{ type: "string" }], items: { type: "number" } },
    [["a"], ["a", 1], []],
    [[1], ["a", "b"]],
  ],
  [{ contains: { type: "number" } }, [["", 1]], [[""], []]],
  [{ contains: { minimum: 5 }, minContains: 0, maxContains: 1 }, [[1], [6]], [[6, 7]]],
  [
    // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
    { if: { required: ["tls"] }, then: { required: ["cert"] }, else: { required: ["port"] } },
    [{ tls: 1, cert: 1 }, { port: 1 }],
    [{ tls: 1 }, {}],
  ],
  [{ $ref: "#/$defs/a~1b", $defs: { "a/b": { type: "string" } } }, [""], [1]],
  [
    { properties: { next: { $ref: "#" } }, additionalProperties: false },
    [{ next: { next: {} } }],
    [{ next: { x: 1 } }],
  ],
];

for (const [schema, good, bad] of cases)
  test(`schema ${JSON.stringify(schema)}`, () => {
    for (const value of good) assert.ok(fits(value, schema), JSON.stringify(value));
    for (const value of bad) assert.ok(!fits(value, schema), JSON.stringify(value));
  });

test("a violation is at its place, one per cause, and shows no value", () => {
  const schema = {
    properties: {
      db: {
        properties: { port: { type: "integer", maximum: 9 }, key: { pattern: "^k" } },
        required: ["host"],
      },
    },
  };
  const found = violations({ db: { port: "eighty", key: new Secret("sk_1") } }, schema);
  assert.deepEqual(
    found.map((one) => one.path),
    [
      ["db", "port"],
      ["db", "key"],
      ["db", "host"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(found), /sk_1|eighty/);
});

test("a schema that cannot be used is refused, never skipped", () => {
  for (const schema of [
    7,
    { tpye: "string" },
    { toString: 1 },
    { valueOf: {} },
    { type: "string", unevaluatedItems: false },
    { pattern: "(" },
    { minimum: "1" },
    { required: 1 },
  ])
    assert.throws(() => violations("x", schema), SchemaError, JSON.stringify(schema));
  for (const reference of ["#/nowhere", "#/%", "other.json", "#"])
    assert.throws(() => violations(1, { $ref: reference }), SchemaError, reference);
});

test("property: any JSON against any JSON gives an answer or a SchemaError", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, schema) => {
      try {
        violations(value, schema);
      } catch (error) {
        assert.ok(error instanceof SchemaError);
      }
    }),
    { numRuns: 1000 },
  );
});
