import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadDocument } from "../document/load.ts";
import { format } from "./format.ts";
import { type Plain, writeDocument } from "./write.ts";

const read = (text: string): unknown => {
  const { document, diagnostics } = loadDocument({ entry: "a", readFile: () => text, layers: "entry" });
  assert.deepEqual(diagnostics, []);
  return JSON.parse(JSON.stringify(document.value));
};

test("writes maps, lists and texts in the one style", () => {
  const text = writeDocument({
    "a b": 1,
    c: { d: [1, "two", null], e: [{ f: true }, []], g: {} },
    h: 'cost: ${x} "\n',
  });
  assert.equal(
    text,
    '#!tusker 1\n"a b": 1\nc: {\n  d: [1, "two", null]\n  e: [\n    {\n      f: true\n    }\n    []\n  ]\n  g: {}\n}\nh: "cost: \\${x} \\"\\n"\n',
  );
  assert.equal(format(text), text);
});

test("writes comments above and behind", () => {
  const text = writeDocument({ a: { b: 1 } }, (path) =>
    path.length === 1 ? { above: " one\n\ntwo", behind: "three" } : { behind: "four" },
  );
  assert.equal(text, "#!tusker 1\n# one\n#\n# two\na: { # three\n  b: 1 # four\n}\n");
});

const plain = fc.dictionary(
  fc.string({ unit: "binary", maxLength: 6 }).filter((key) => key !== "__proto__"),
  fc.letrec<{ value: Plain }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("${a}", "$x", "'", '"', "30s", "@env('A')", "# no comment", "\\${"),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ maxLength: 5 }).filter((key) => key !== "__proto__"),
        tie("value"),
        { maxKeys: 4 },
      ),
    ),
  })).value,
  { maxKeys: 5 },
);

test("property: what is written reads as the same data, and is in the one style already", () => {
  fc.assert(
    fc.property(plain, (data) => {
      const text = writeDocument(data);
      assert.deepEqual(read(text), JSON.parse(JSON.stringify(data)));
      assert.equal(format(text), text);
    }),
    { numRuns: 500 },
  );
});
