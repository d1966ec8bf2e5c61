import assert from "node:assert/strict";
import { test } from "node:test";
import { applyFixes } from "./fix.ts";

test("repairs are made from left to right, those that overlap one at a time", () => {
  const fixes = [
    { start: 6, end: 7, text: "Z" },
    { start: 0, end: 3, text: "A" },
    { start: 2, end: 4, text: "lost" },
    { start: 3, end: 3, text: "+" },
  ];
  assert.equal(applyFixes("abcdefgh", fixes), "A+defZh");
  assert.equal(applyFixes("same", []), "same");
});
