import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memberLines } from "./json-lines.ts";

test("each member has the line its name stands on, inside lists the list's", () => {
  const text = `{
  "a": 1, "b": {
    "c\\n": "x { \\" , }",
    "d": [
      { "e": 1 },
      2
    ]
  },

  "f": {}
}`;
  assert.deepEqual(
    [...memberLines(text)],
    [
      ["a", 2],
      ["b", 2],
      ["b/c\n", 3],
      ["b/d", 4],
      ["f", 10],
    ],
  );
});

test("every member of any object is found, on its line", () => {
  const object = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
  fc.assert(
    fc.property(object, (value) => {
      const text = JSON.stringify(value, null, 1);
      const lines = memberLines(text);
      for (const name of Object.keys(value)) {
        const at = lines.get(name) ?? assert.fail(`${name} in ${text}`);
        assert.ok(
          text.split("\n")[at - 1]?.startsWith(` ${JSON.stringify(name)}: `) === true,
          `${name}: ${at}`,
        );
      }
    }),
  );
});
