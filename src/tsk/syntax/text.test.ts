// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "./parse.ts";

function textOf(source: string): unknown {
  const { items, diagnostics } = parse(`a: ${source}`);
  if (diagnostics.length > 0) return diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`);
  const [entry] = items;
  return entry?.kind === "entry" && entry.value.kind === "text" ? entry.value.value : entry;
}

const block = (...lines: string[]): string => lines.join("\n");

test("what JSON writes as text is read back, unless it holds an interpolation", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
      const plain = text.replaceAll("${", "$ {");
      assert.equal(textOf(JSON.stringify(plain)), plain);
    }),
  );
});

test("any text comes back from raw quotes when quotes and backslashes are escaped", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (text) => {
      assert.equal(textOf(`'${text.replace(/[\\']/g, "\\$&")}'`), text);
    }),
  );
});

test("every escape of the language is read", () => {
  assert.equal(textOf(String.raw`"\n\t\r\b\f\0\/\\\"\'\$\x41\u00e9\u{1F600}"`), "\n\t\r\b\f\0/\\\"'$Aé😀");
});

test("an unknown escape is reported at its backslash", () => {
  assert.deepEqual(textOf(String.raw`"ab\q"`), ["1:7 TSK_ESCAPE"]);
  assert.deepEqual(textOf(String.raw`"\xZ1\u{}\u{110000}"`), [
    "1:5 TSK_ESCAPE",
    "1:9 TSK_ESCAPE",
    "1:13 TSK_ESCAPE",
  ]);
  assert.deepEqual(textOf(block('"""', "  x\\q", '  """')), ["2:4 TSK_ESCAPE"]);
});

test("the indentation of the closing quotes is taken off every line", () => {
  assert.equal(textOf(block('"""', "    a", "      b", "", "    c", '    """')), "a\n  b\n\nc");
  assert.equal(textOf(block("'''", "\t\\n", "\t'''")), "\\n");
  assert.equal(textOf(block('"""', "a", '"""')), "a");
});

test("the first and the last line end do not count", () => {
  assert.equal(textOf(block('"""', '"""')), "");
  assert.equal(textOf(block('"""', "", '"""')), "");
  assert.equal(textOf(block('"""', "", "", '"""')), "\n");
  assert.equal(textOf('"""one line"""'), "one line");
});

test("line ends become LF", () => {
  assert.equal(textOf('"""\r\n  a\r\n  b\r\n  """'), "a\nb");
});

test("a line indented less than the closing quotes is reported at its start", () => {
  assert.deepEqual(textOf(block('"""', "  a", " b", '  """')), ["3:1 TSK_INDENT"]);
});

test("indentation and escapes work around interpolations", () => {
  const { items, diagnostics } = parse(block('a: """', "  x ${1} y", "    ${2}\\tz", '  """'));
  assert.deepEqual(diagnostics, []);
  const [entry] = items;
  assert.ok(entry?.kind === "entry" && entry.value.kind === "template");
  assert.deepEqual(
    entry.value.parts.filter((part) => typeof part === "string"),
    ["x ", " y\n  ", "\tz"],
  );
});
