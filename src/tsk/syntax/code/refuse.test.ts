import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadDocument, parse } from "../../index.ts";

const words =
  "if else elif unless for foreach while until loop do switch match case when def fn func function sub class interface struct enum trait impl module namespace import from require include use using package mod const let var my val auto static int string bool type export readonly return throw raise yield await break continue pass end fi done esac echo puts print new lambda proc async try catch except finally begin rescue ensure with cd rm exit source public private final global".split(
    " ",
  );
const program = new Set(["TSK_CODE", "TSK_STATEMENT"]);

function refusals(text: string): readonly string[] {
  return parse(text)
    .diagnostics.filter(({ code }) => program.has(code))
    .map(({ line, code }) => `${line} ${code}`);
}

test("a word of programs is a key wherever a sign stands behind it, and the name of a block or section", () => {
  for (const word of words) {
    assert.deepEqual(refusals(`${word}: 1\n`), [], word);
    assert.deepEqual(refusals(`${word} = "x"\n`), [], word);
    assert.deepEqual(refusals(`[${word}]\na: 1\n[a.${word}]\nb: 2\n`), [], word);
    assert.deepEqual(refusals(`a: { ${word}: { x: 1 }, b.${word}: 2 }\n`), [], word);
    assert.deepEqual(refusals(`${word}:\n  a: 1\nb: 1\n`), [], word);
    assert.deepEqual(refusals(`a: ${word}\nb: [${word}, 1]\n`), [], word);
    assert.deepEqual(refusals(`a: "${word} (x) { return 1 }"\n`), [], word);
    assert.deepEqual(refusals(`${word} "label" { x: 1 }\n`), [], word);
    if (word !== "return") assert.deepEqual(refusals(`${word} {\n  x: 1\n}\n`), [], word);
  }
});

test("blocks and maps by indentation that are called as code is stay data beside each other", () => {
  assert.deepEqual(refusals("try:\n  a: 1\ncatch:\n  b: 1\nfinally:\n  c: 1\nelse:\n  d: 1\n"), []);
  assert.deepEqual(refusals("try {\n  a: 1\n}\ncatch {\n  b: 1\n}\nfinally { c: 1 }\n"), []);
  assert.deepEqual(
    refusals("do { a: 1 }\nwhile { b: 1 }\nimport { a: 1 }\nexport {\n  b: 1\n}\nconst { c = 1 }\n"),
    [],
  );
  assert.deepEqual(refusals("import {}\nlet { }\n"), []);
});

test("no data is taken for code, whatever its keys are called", () => {
  const key = fc.oneof(fc.constantFrom(...words), fc.stringMatching(/^[a-z_][a-z0-9_-]{0,12}$/));
  const value = fc.constantFrom(
    "1",
    '"x"',
    "true",
    "[1, 2]",
    "{ a: 1 }",
    "30s",
    "1-2",
    "@env('X', 1)",
    "(1 + 2)",
  );
  const entry = fc.record({
    path: fc.array(key, { minLength: 1, maxLength: 3 }),
    value,
    sign: fc.constantFrom(": ", "=", " = ", ":"),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const text = entries.map((one) => `${one.path.join(".")}${one.sign}${one.value}\n`).join("");
      assert.deepEqual(parse(text).diagnostics, []);
    }),
  );
});

/** A construct around lines of its body, in several languages. */
const around: readonly ((body: readonly string[]) => string)[] = [
  (body) => `function f(a, b) {\n${body.map((line) => `  ${line};\n`).join("")}}\n`,
  (body) => `def f(a, b):\n${body.map((line) => `    ${line}\n`).join("")}\n`,
  (body) => `class F < G\n  def g\n${body.map((line) => `    ${line}\n`).join("")}  end\nend\n`,
  (body) => `if [ -f x ]; then\n${body.map((line) => `  ${line}\n`).join("")}fi\n`,
  (body) => `pub fn f<'a>(x: &'a str) -> u8 {\n${body.map((line) => `    ${line}\n`).join("")}}\n`,
  (body) => `public class F\n{\n${body.map((line) => `    ${line};\n`).join("")}}\n`,
  (body) => `on: (a, b) => {\n${body.map((line) => `  ${line};\n`).join("")}}\n`,
  (body) => `@app.get("/x")\nasync def f(a):\n${body.map((line) => `    ${line}\n`).join("")}\n`,
];

const bodyLine = fc.constantFrom(
  "return a + b",
  "x = [1, 2, { y: 3 }]",
  'print("it\'s } here")',
  "a.b(c)[0].d()",
  "let x = y",
  "# it's a comment {",
  "x += 1",
  "",
);

test("a construct is told once, however long it is, and what stands around it is read", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...around),
      fc.array(bodyLine, { minLength: 1, maxLength: 40 }),
      (construct, body) => {
        // A body of nothing but blank lines is none.
        const lines = ["return 1", ...body];
        const text = `before: 1\n${construct(lines)}after: 2\n`;
        const { diagnostics, document } = loadDocument({
          entry: "a.tsk",
          readFile: (path) => (path === "a.tsk" ? text : undefined),
        });
        assert.deepEqual(
          diagnostics.map(({ code, line }) => `${line} ${code}`),
          ["2 TSK_CODE"],
          text,
        );
        assert.deepEqual(document.value, { before: 1, after: 2 }, text);
      },
    ),
  );
});

test("all of a body is lost, also of a very long one", () => {
  const body = Array.from({ length: 2000 }, (_, index) => `  k${index}: 1`).join("\n");
  const text = `function f() {\n${body}\n}\nafter: 2\n`;
  const { diagnostics, document } = loadDocument({
    entry: "a.tsk",
    readFile: (path) => (path === "a.tsk" ? text : undefined),
  });
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ["TSK_CODE"],
  );
  assert.deepEqual(document.value, { after: 2 });
});

test("of a long program the constructs are told, and not the signs in them", () => {
  const text = "function f(a) {\n  return `x ${a}` + `y`;\n}\n".repeat(150);
  const { diagnostics } = parse(text);
  assert.deepEqual([...new Set(diagnostics.map(({ code }) => code))], ["TSK_CODE"]);
  assert.equal(diagnostics.length, 150);
});

test("in braces code ends before the brace around it", () => {
  const text = "a: {\n  b: 1\n  let x = 5 }\nc: 2\n";
  assert.deepEqual(refusals(text), ["3 TSK_CODE"]);
  assert.deepEqual(
    parse(text).diagnostics.map(({ code }) => code),
    ["TSK_CODE"],
  );
});
