import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../tsk/index.ts";
import { type Context, contextAt, contextBefore } from "./context.ts";

/** The context where `|` stands. */
function before(text: string): Context {
  return contextBefore(parse(text.replace("|", "")), text.indexOf("|"));
}

function said(context: Context): string {
  return `${context.part}${context.nested ? "+" : ""} ${context.path.join("/")}`;
}

const cases: readonly (readonly [text: string, said: string])[] = [
  ["|", "key "],
  ["ga|", "key ga"],
  ["[ga|", "section ga"],
  ["[ga|]", "section ga"],
  ["[gateway]\n|", "key gateway"],
  ["[gateway]\nti|", "key gateway/ti"],
  ["[gateway]\ntimeout: |", "value gateway/timeout"],
  ["[gateway]\ntimeout = 3|0s\nport: 1", "value gateway/timeout"],
  ["[a.b]\nc.d: |", "value a/b/c/d"],
  ["[services]\nuser: { run: 1, | }", "key services/user"],
  ["[services]\nuser: {\n  run: 1\n  po|\n}", "key services/user/po"],
  ["[services]\nuser: {\n  po|", "key services/user/po"],
  ['[services]\nuser: { dependencies: ["a", "|"] }', "value services/user/dependencies/1"],
  ['[services]\nuser: { dependencies: [\n  "a"\n  "|"\n] }', "value services/user/dependencies/1"],
  ['[routes]\n"/a/*": { service: "|" }', "value routes//a/*/service"],
  ['[routes]\n"/a/*": [{ method: 1 }, { serv| }]', "key routes//a/*/1/serv"],
  ["a { b { c: | } }", "value a/b/c"],
  ["service 'x' { | }", "key service/x"],
  ["a >\n  b: |\n<", "value a/b"],
  ["a >\n  b: 1\n<\nc|", "key c"],
  ["a: { b: 1 \n[gateway]\nt|", "key gateway/t"],
  ['a: @env("|")', "value+ a"],
  ["a: { b: 1 }\nc: |", "value c"],
  ['a: "x ${|}"', "value+ a"],
  ["a: 1 # |", "none a"],
  ["$v: |", "value $v"],
  ["a: (1 + |)", "value+ a"],
];

for (const [text, wanted] of cases)
  test(`before the bar of ${JSON.stringify(text)} stands ${wanted}`, () =>
    assert.equal(said(before(text)), wanted));

test("a call says its operator and which argument this is", () => {
  assert.deepEqual(before('a: @env.secure("X", |)').call, { name: "env.secure", index: 1 });
  assert.equal(before("a: (|)").call, undefined);
});

test("the word looked at is the one under the offset, else the one that ends there", () => {
  const tree = parse("ab: cd");
  assert.deepEqual(
    [0, 1, 2, 4, 6].map((offset) => contextAt(tree, offset).token?.start),
    [0, 0, 0, 4, 4],
  );
  assert.equal(contextAt(parse("a:  b"), 3).token, undefined);
});
