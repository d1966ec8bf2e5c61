import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { deepFreeze } from "./freeze.ts";
import { Secret } from "./secret.ts";
import { count, durationMs, port, quickly, ratio } from "./section.ts";

const schema = z.strictObject({
  name: z.string().min(1),
  port: port().default(0),
  share: ratio().optional(),
  above: z.int().gt(1).max(80).optional(),
  even: z.int().multipleOf(2).optional(),
  short: z.string().min(1).max(2).optional(),
  trimmed: z.string().trim().optional(),
  link: z.url().optional(),
  wait: durationMs({ minMs: 1 }).prefault("30s"),
  needs: z.array(z.string()).default([]),
  waits: z.array(durationMs()).optional(),
  some: z.array(z.string()).min(1).optional(),
  methods: z
    .union([z.string().regex(/^[A-Z]+$/), z.array(z.string())])
    .transform((one) => (typeof one === "string" ? [one] : one))
    .optional(),
  config: z.looseObject({}).default({}),
  inner: z.strictObject({ retries: count({ max: 3 }).default(1) }).optional(),
  on: z.boolean().default(false),
});

/** What may stand at a key: right for some of them. */
const written = fc.oneof(
  fc.constantFrom<unknown>(
    "",
    "a",
    " a",
    "GET",
    "http://a/b",
    "5s",
    "0s",
    0,
    -0,
    1,
    2,
    80,
    Number.NaN,
    70_000,
    1.5,
    true,
    null,
    undefined,
  ),
  fc.constantFrom<unknown>([], ["a"], ["a", 1], ["5s", "1m"], {}, { retries: 2 }, { retries: 9 }, { a: 1 }),
  fc.constant<unknown>(new Secret("s3cret")),
  fc.array(fc.constantFrom("5s", "GET", "x"), { maxLength: 3 }),
);

const key = fc.constantFrom(...Object.keys(schema.shape), "other", "__proto__");
const map = fc
  .tuple(fc.constantFrom({ name: "a" }, { name: "a" }, {}), fc.dictionary(key, written, { maxKeys: 3 }))
  .map(([name, others]) => ({ ...name, ...others }));

test("reads what the schema reads, to the same values, and nothing that it refuses", () => {
  const read = quickly(schema);
  let taken = 0;
  fc.assert(
    fc.property(map, (value) => {
      const expected = schema.safeParse(value);
      const found = read(deepFreeze(value));
      if (!expected.success) assert.equal(found, undefined);
      if (found === undefined) return;
      assert.deepEqual(found, expected.data);
      taken++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(taken > 50, `${taken} of them were taken: the property says little`);
});

test("what is plainly right is not left to the schema", () => {
  const read = quickly(schema);
  const plain = { name: "a", port: 80, wait: "5s", needs: ["b"], methods: "GET", config: { a: { b: 1 } } };
  for (const value of [{ name: "a" }, plain, { ...plain, inner: { retries: 2 } }, { ...plain, on: true }])
    assert.deepEqual(read(deepFreeze(value)), schema.parse(value));
});

test("what is written stays as it is: two maps share what they say alike and nobody can change it", () => {
  const read = quickly(schema);
  const [one, other] = [read({ name: "a", methods: "GET" }), read({ name: "b", methods: "GET" })];
  assert.equal(one?.methods, other?.methods);
  assert.ok(Object.isFrozen(one?.methods) && Object.isFrozen(one?.needs));
});
