import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { codesOf } from "./codes.ts";

test("every unit of every text is its code, halves of pairs too", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("\ud83d", "\ude00a", "é"),
  );
  fc.assert(
    fc.property(text, (one) => {
      assert.deepEqual(
        [...codesOf(one)],
        Array.from({ length: one.length }, (_, at) => one.charCodeAt(at)),
      );
    }),
  );
});
