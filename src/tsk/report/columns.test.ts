import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../index.ts";
import { blankOf, columnsOf } from "./columns.ts";
import { renderDiagnostics } from "./frame.ts";

test("a character takes the columns a terminal gives it", () => {
  for (const [text, columns] of [
    ["", 0],
    ["port: 80 é ñ ж", 14],
    ["名前", 4],
    ["ｱ", 1],
    ["Ａ", 2],
    ["한글", 4],
    ["e\u0301", 1],
    ["😀", 2],
    ["a\u200bb", 2],
  ] as const)
    assert.equal(columnsOf(text), columns, JSON.stringify(text));
  assert.equal(blankOf("\t名e\u0301x"), "\t    ");
});

test("the mark stands below its word, whatever stands before it", () => {
  for (const before of ["abcd", "名前", "ab\u0301cd", "😀ab", "\tabc"]) {
    const text = `"${before}": ~\n`;
    const { diagnostics, source } = parse(text);
    const rendered = renderDiagnostics(
      diagnostics.map((one) => ({ ...one, ...source.at(one) })),
      new Map([[source.file, source]]),
    );
    const [, shown = "", mark = ""] = rendered.split("\n");
    const tabless = (line: string): string => line.replaceAll("\t", " ");
    assert.equal(
      columnsOf(tabless(shown.slice(0, shown.indexOf("~")))),
      tabless(mark).indexOf("^"),
      rendered,
    );
  }
});
