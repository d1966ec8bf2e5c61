// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDocument, parse, print, renderDiagnostics } from "./index.ts";

const many = (text: string, count = 20_000): string => text.repeat(count);
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

// Each of these cost the square of its length, or more, in some parser: in numbers, quotes, brackets, lookahead,
// suggestions, merging, masking or reporting.
const hostile: Readonly<Record<string, string>> = {
  durations: `a: ${many("1.5s")}x`,
  ranges: `a: ${many("1-")}`,
  underscores: `a: ${many("1_")}x`,
  "open strings": many('"\n'),
  "open interpolations": `a: "${many("${")}`,
  "strings in interpolations": `a: ${many('"${')}`,
  "open comments": many("/*"),
  "open braces": many("{"),
  "closing braces": many("}"),
  "open calls": `a: @env${many("(")}`,
  headers: many("[a\n"),
  "headers in an array": `a: [${many("\n[x]")}`,
  "headers in braces": `a: {${many("[a.a")}`,
  conditionals: `a: ${many("1?1:")}`,
  operators: `a: 1${many("+1")}`,
  "empty lines": `a: 1 +${many("\n")}`,
  members: `a: a${many(".a")}`,
  keys: `${many("a.")}b: 1`,
  "text without quotes": many("a: x y\n"),
  addresses: many("a: http://x\n"),
  escapes: `a: "${many("\\q")}"`,
  indentation: `a: """\n${many("x\n")}  """`,
  directives: many("#w {\n") + many("}\n"),
  duplicates: many("a: 1\n"),
  "unknown names": lines(5000, (index) => `key${index}: kez${index}`),
  spreads: `b: { x: 1 }\na: {${many("...b\n")}}`,
  secrets: many('b: @env.secure("K",\n'),
  angles: many("a >\n"),
  heredocs: lines(20_000, (index) => `a: <<A${index}`),
  "texts after a bar": many("a: |\n \n"),
  dashes: `a:\n${many("- ")}`,
  "dashes below dashes": `a:\n${many("- a:\n  ")}`,
  "items on one line below a key": `a:\n  ${many("x: 1; ")}`,
  "quotes over lines": many('"a\n x'),
  "bars of lambdas": many("| "),
  "quoted operators": lines(20_000, (index) => `k${index}: "@env('X${index}', 1)"`),
  "bare words": lines(20_000, (index) => `k${index}: w${index}`),
  includes: many('@include "b.tsk"\n'),
  "brackets that close nothing": many("} ] )\n"),
  "calls that never close": many("a: @env(\n"),
  "parentheses that never close": many("a: (\n"),
  tags: lines(10_000, (index) => `<t${index}>`),
  "characters of nothing": many("~ ^ "),
  "mistakes on one line with a quote": `a: ${many("b c, ")}"`,
  "mistakes on one line with a character": `a: [${many("b c ~, ")}]`,
  "unknown names behind a mistake": `x y\n${lines(20_000, (index) => `key${index}: $kez${index}`)}`,
  "calls on results": `a: @q()${many("\n.x()")}`,
  "lone carriage returns": many("\r"),
  "functions that never close": many("function f() {\n"),
  "conditions that never end": many("if x then\n"),
  "definitions inside one another": lines(2000, (index) => `${" ".repeat(index % 200)}def f(x):`),
  "branches of nothing": many("if (x) {\n} else {\n"),
  "blocks that return": many("return {\n"),
  "blocks that try": many("try {\n"),
  "decorators of nothing": many("@a.b()\n"),
  "commands in parentheses": many("a=$("),
  "lambdas with a brace": many("a: |x| {\n"),
  "functions as values": many("a: function() {\n"),
  "arrows of maps": `a: [${many("1 => ")}`,
  "values beside each other": `a: [${many("1 ")}]`,
  "arguments beside each other": `a: @max(${many("1 ")})`,
  "calls beside each other": `a: @max(${many("@max(1 2) ")})`,
  "parentheses of two values": many("a: (1 2 "),
  "directives around braces": many("#w {\n{}\n") + many("}\n"),
  "tags of the same name": many("<a>\n"),
};

for (const [name, text] of Object.entries(hostile)) {
  test(`a file of ${name} costs no more than its length`, () => {
    const before = process.cpuUsage();
    const { diagnostics, document } = loadDocument({ entry: "a", readFile: () => text, layers: "entry" });
    renderDiagnostics(diagnostics, document.sources);
    assert.equal(print(parse(text)), text);
    const { user } = process.cpuUsage(before);
    // Linear work on these takes tens of milliseconds, the square of them many seconds.
    assert.ok(user < 2_000_000, `${user / 1000} ms`);
  });
}
