import assert from "node:assert/strict";
import { test } from "node:test";
import { openFile } from "../../../test/support/lsp-file.ts";
import { type DocumentSymbol, documentSymbols } from "./document-symbols.ts";

function shown(symbols: readonly DocumentSymbol[]): readonly unknown[] {
  return symbols.map((one) => [one.kind, one.name, ...shown(one.children)]);
}

test("the outline of a file is its sections with their entries, maps with theirs", () => {
  const { snapshot } = openFile(
    "$v: 1\na.b: 2\n[gateway]\nport: 1\n[services]\nuser: { port: 1, needs: ['x'] }\n",
  );
  assert.deepEqual(shown(documentSymbols(snapshot)), [
    ["variable", "$v"],
    ["value", "a.b"],
    ["section", "gateway", ["value", "port"]],
    ["section", "services", ["map", "user", ["value", "port"], ["list", "needs"]]],
  ]);
});

test("a name stands inside what it names, and children inside their parent", () => {
  const { snapshot } = openFile('[a."b c"]\nx: { y: [{ z: 1 }] }\n');
  const check = (one: DocumentSymbol): void => {
    assert.ok(one.span.start <= one.nameSpan.start && one.nameSpan.end <= one.span.end, one.name);
    for (const child of one.children) {
      assert.ok(one.span.start <= child.span.start && child.span.end <= one.span.end, child.name);
      check(child);
    }
  };
  documentSymbols(snapshot).forEach(check);
});
