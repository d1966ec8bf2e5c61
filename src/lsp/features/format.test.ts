import assert from "node:assert/strict";
import { test } from "node:test";
import { openFile } from "../../../test/support/lsp-file.ts";
import { format } from "./format.ts";

test("a file is put into the one style; one that has it is left alone", () => {
  const { snapshot } = openFile("a=1 # one\n");
  assert.deepEqual(format(snapshot), [{ file: snapshot.file, start: 0, end: 10, text: "a: 1 # one\n" }]);
  assert.deepEqual(format(openFile("a: 1 # one\n").snapshot), []);
});

test("a file that cannot be read is left alone", () =>
  assert.deepEqual(format(openFile("a= {\n").snapshot), []));
