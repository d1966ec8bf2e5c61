import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { toYaml, type YamlValue } from "./yaml.ts";

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary-ascii" }),
  fc.string({
    unit: fc.constantFrom("a", " ", "\n", "\t", ":", "#", "-", "'", '"', "\u0085", "\u2028", "\ufeff", "é"),
  }),
  fc.constantFrom(
    "yes",
    "NO",
    "on",
    "null",
    "~",
    "1",
    "1e3",
    "0x1f",
    "1_000",
    "22:22",
    "2026-01-01",
    ".inf",
    "=",
    "<<",
  ),
);
const { data } = fc.letrec<{ data: YamlValue }>((tie) => ({
  data: fc.oneof(
    { depthSize: "small" },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("data"), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== "__proto__" && key !== "<<"),
      tie("data"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

for (const version of ["1.2", "1.1"] as const) {
  test(`a YAML ${version} reader gets back what was written`, () => {
    fc.assert(
      fc.property(data, (value) => {
        assert.deepEqual(parse(toYaml(value), { version, maxAliasCount: 0 }), value);
      }),
      { numRuns: 500 },
    );
  });
}

test("no line ends in a space, and the text ends in one newline", () => {
  fc.assert(
    fc.property(data, (value) => {
      const written = toYaml(value);
      assert.match(written, /[^\n]\n$/);
      assert.doesNotMatch(written, / \n/);
    }),
  );
});

test("plain words are plain, everything doubtful is quoted", () => {
  assert.equal(
    toYaml({ name: "shop", on: "no", port: "8080", n: 1 }),
    'name: shop\n"on": "no"\nport: "8080"\n"n": 1\n',
  );
});

test("lists of objects and nested lists", () => {
  const value = { a: [{ b: 1, c: [2] }, [3, [4]], []], d: {} };
  assert.equal(toYaml(value), "a:\n  - b: 1\n    c:\n      - 2\n  - - 3\n    - - 4\n  - []\nd: {}\n");
});

test("a text of several lines is a literal block when nothing is lost by it", () => {
  assert.equal(toYaml({ a: "{\n  x\n}\n" }), "a: |\n  {\n    x\n  }\n");
  assert.equal(toYaml({ a: "x\ny" }), "a: |-\n  x\n  y\n");
  assert.equal(toYaml({ a: " x\ny" }), 'a: " x\\ny"\n');
  assert.equal(toYaml({ a: "x\n\n" }), 'a: "x\\n\\n"\n');
});

test("an exponent without digits before it is text, and is quoted", () => {
  assert.equal(toYaml({ e0: "E12" }), '"e0": "E12"\n');
});
