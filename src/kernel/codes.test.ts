import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, isCode } from "./index.ts";

test("every code of the table is one", () => {
  for (const code of Object.keys(codes)) assert.equal(isCode(code), true);
});

test("what objects inherit is no code", () => {
  for (const text of ["toString", "__proto__", "constructor", "", "gateway_no_route", undefined, 5, null])
    assert.equal(isCode(text), false);
});

test("a code is a room and upper-case words", () => {
  for (const code of Object.keys(codes)) assert.match(code, /^[A-Z]+(_[A-Z0-9]+)+$/);
});
