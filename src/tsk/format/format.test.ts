// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { indentedTsk, nearlyTsk, plainDocument, wellFormedTsk } from "../../../test/support/tsk-arbitrary.ts";
import { parse } from "../syntax/parse.ts";
import { kind } from "../syntax/token.ts";
import { format } from "./format.ts";

const cases: readonly (readonly [claim: string, text: string, formatted: string])[] = [
  ["writes : between key and value", "a=1\n$b = 2", "a: 1\n$b: 2\n"],
  ["gives every map the same form", "a {\nx:1\n}\nb >\n x : 1\n<", "a: {\n  x: 1\n}\nb: {\n  x: 1\n}\n"],
  ["keeps labels", 'service  "a" "b"{x:1}', 'service "a" "b" { x: 1 }\n'],
  ["knows a quoted key from a label", '"a" {}\nx."b" {}', '"a": {}\nx."b": {}\n'],
  ["closes up what is empty", "a: {\n\n}\nb: [ ]\nc >\n<", "a: {}\nb: []\nc: {}\n"],
  ["keeps one line in one line", "a:{b:[1,2,],;c:{}  }", "a: { b: [1, 2], c: {} }\n"],
  [
    "gives each item its line where one has it",
    "a: { b: 1, c: 2\nd: 3 }",
    "a: {\n  b: 1\n  c: 2\n  d: 3\n}\n",
  ],
  ["drops commas at line ends", "a: [1,\n2,\n]", "a: [\n  1\n  2\n]\n"],
  ["drops semicolons", "a: 1; b: 2;", "a: 1\nb: 2\n"],
  ["puts spaces around operators, not inside", "a:1+-b*!c.d[ 0 ]", "a: 1 + -b * !c.d[0]\n"],
  ["knows a minus from a sign", "a: [1 -2, -3\n-4]", "a: [\n  1 - 2\n  -3\n  -4\n]\n"],
  ["writes calls close", "@x: 1".slice(4) && 'a: @env( "X" ,default = 1 , )', 'a: @env("X", default=1)\n'],
  ["indents a value that goes on", "a: b ?\n1\n: 2 +\n3", "a: b ?\n  1\n  : 2 +\n  3\n"],
  ["keeps lines in parentheses", "a: @if(b,\n1,\n2\n)", "a: @if(b,\n  1,\n  2\n)\n"],
  ["opens and closes several brackets on a line", "a: [{\nb: 1\n}]", "a: [{\n  b: 1\n}]\n"],
  [
    "leaves one blank line, none at brackets",
    "\n\na: {\n\n b: 1\n\n\n c: 2\n\n}\n\n",
    "a: {\n  b: 1\n\n  c: 2\n}\n",
  ],
  ["sets sections apart", "a: 1\n[ b . c ]\nd: 1\n[e]", "a: 1\n\n[b.c]\nd: 1\n\n[e]\n"],
  ["lets comments stand with their section", "a: 1\n# one\n# two\n[b]", "a: 1\n\n# one\n# two\n[b]\n"],
  ["lets a comment apart from a section stay apart", "a: 1\n# one\n\n[b]", "a: 1\n# one\n\n[b]\n"],
  [
    "keeps comments at the end of their line",
    "a: { # one\nb: 1,   # two  \n}# three",
    "a: { # one\n  b: 1 # two\n} # three\n",
  ],
  [
    "keeps comments between",
    "a: /* x */ [ /* y */ 1 /* z */ , /* w */ 2 ]",
    "a: /* x */ [/* y */ 1 /* z */, /* w */ 2]\n",
  ],
  ["keeps comments before a closing bracket", "a: [\n1\n# end\n]", "a: [\n  1\n  # end\n]\n"],
  [
    "leaves strings alone",
    'a: "${ b  }"\nc: """\n   x\n     ${ {y :1}.y }\n   """',
    'a: "${ b  }"\nc: """\n   x\n     ${ {y :1}.y }\n   """\n',
  ],
  ["takes all of CR CR LF off", '/* a\r\r\nb */\na: """x\r\r\ny"""\n', '/* a\nb */\na: """x\ny"""\n'],
  ["takes a mark and CRLF off", "\ufeffa: 1\r\nb: [\r\n1]\r\n", "a: 1\nb: [\n  1\n]\n"],
  ["writes a document in braces as one", '{ "a": 1, "b": [\n{}, {}]}', '{ "a": 1, "b": [\n  {}\n  {}\n] }\n'],
  ["gives back what it cannot read", "a:  1\nb: }", "a:  1\nb: }"],
  [
    "gives blocks of older dialects their braces",
    "a:\n  b:\n    - 1 # one\n    - c: 2\n      d: 3\n  e: 4\nf:",
    "a: {\n  b: [\n    1 # one\n    {\n      c: 2\n      d: 3\n    }\n  ]\n  e: 4\n}\nf: null\n",
  ],
  ["has nothing to say to nothing", " \n\n", ""],
];

for (const [claim, text, formatted] of cases)
  test(`${claim}: ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.equal(format(text), formatted);
    assert.equal(format(formatted), formatted);
  });

const runs = { numRuns: 500 };
const texts = fc.oneof(
  { weight: 5, arbitrary: wellFormedTsk },
  nearlyTsk,
  indentedTsk,
  plainDocument.map((data) => JSON.stringify(data, null, 1)),
);

test("property: a formatted text stays as it is", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const once = format(text);
      assert.equal(format(once), once);
    }),
    runs,
  );
});

test("property: formatting changes no meaning", () => {
  fc.assert(
    fc.property(texts, (text) => {
      if (parse(text).diagnostics.some((one) => one.severity === "error"))
        return assert.equal(format(text), text);
      assert.deepEqual(meaning(format(text)), meaning(text));
    }),
    runs,
  );
});

test("property: every comment is kept, in order", () => {
  fc.assert(
    fc.property(texts, (text) => assert.deepEqual(comments(format(text)), comments(text))),
    runs,
  );
});

test("formats 256 KiB of anything in time that grows with it", () => {
  for (const piece of ["\n", "/**/", "/**/\n", "a:1\n", "#\n", "\n\n", "a:[[[1\n]]]\n", "[a]\n", " "])
    format(piece.repeat(2 ** 18 / piece.length));
});

/** The tree without its places; what a text in quotes spans over lines is its value. */
function meaning(text: string): unknown {
  const { items } = parse(text);
  return JSON.parse(
    JSON.stringify(items, (key, value) => (key === "start" || key === "end" ? undefined : value)),
  );
}

function comments(text: string): readonly string[] {
  const { tokens } = parse(text);
  const found: string[] = [];
  for (let index = 0; index < tokens.count; index++)
    if (tokens.kind(index) === kind.comment)
      found.push(text.slice(tokens.start(index), tokens.end(index)).trimEnd().replaceAll("\r\n", "\n"));
  return found;
}
