import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainDocument } from "../../../test/support/tsk-arbitrary.ts";
import { type Document, loadDocument, type Path } from "../index.ts";

/** Every leaf of plain data with its path. */
function leaves(value: unknown, path: Path = []): { readonly path: Path; readonly value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function pointsAtItself(document: Document): void {
  for (const { path, value } of leaves(document.value)) {
    const [winner] = document.origin(path);
    assert.ok(winner !== undefined, `no origin of ${path.map(String).join(".")}`);
    const text = document.sources.get(winner.file)?.text.slice(winner.start, winner.end) ?? "";
    assert.deepEqual(JSON.parse(text), value);
  }
}

const load = (files: Readonly<Record<string, string>>): Document => {
  const { document, diagnostics } = loadDocument({
    entry: "main.tsk",
    readFile: (path) => files[path],
    environment: "over",
  });
  assert.deepEqual(diagnostics, []);
  return document;
};

test("the origin of every leaf is the text that wrote it, whichever layer or included file that is", () => {
  fc.assert(
    fc.property(plainDocument, plainDocument, plainDocument, (base, included, over) => {
      const document = load({
        "main.tsk": `${JSON.stringify(base).slice(0, -1)}\n@include "part.tsk"\n}`,
        "part.tsk": JSON.stringify(included),
        "environment/over.tsk": JSON.stringify(over),
      });
      pointsAtItself(document);
    }),
    { numRuns: 200 },
  );
});
