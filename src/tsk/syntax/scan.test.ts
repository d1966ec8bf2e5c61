// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearlyTsk } from "../../../test/support/tsk-arbitrary.ts";
import { scan } from "./scan.ts";
import { kind, type Tokens } from "./token.ts";

const names = new Map<number, string>(Object.entries(kind).map(([name, value]) => [value, name]));

function scanned(text: string): { tokens: Tokens; problems: string[] } {
  const problems: string[] = [];
  const tokens = scan(text, (code, start, end) => void problems.push(`${code} ${start}-${end}`));
  return { tokens, problems };
}

/** Kinds and texts without spaces. */
function words(text: string): string[] {
  const { tokens } = scanned(text);
  const found: string[] = [];
  for (let index = 0; index < tokens.count - 1; index++) {
    if (tokens.kind(index) === kind.space) continue;
    found.push(`${names.get(tokens.kind(index))} ${text.slice(tokens.start(index), tokens.end(index))}`);
  }
  return found;
}

test("tokens partition the text and end with the end", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      const { tokens } = scanned(text);
      let at = 0;
      for (let index = 0; index < tokens.count; index++) {
        assert.equal(tokens.start(index), at);
        assert.ok(tokens.end(index) > at || tokens.kind(index) === kind.end);
        at = tokens.end(index);
      }
      assert.equal(at, text.length);
      assert.equal(tokens.kind(tokens.count - 1), kind.end);
    }),
    { numRuns: 500 },
  );
});

test("every kind of literal is told from the others by the longest match", () => {
  const expected: Record<string, string> = {
    "8080": "int",
    "1_000": "int",
    "0xFF": "int",
    "0b11": "int",
    "0o17": "int",
    "1.5": "float",
    "1e3": "float",
    "1.5e-3": "float",
    "30s": "duration",
    "1m30s": "duration",
    "1.5h": "duration",
    "10ns": "duration",
    "64KiB": "size",
    "10MB": "size",
    "1B": "size",
    "512Mi": "size",
    "5%": "percent",
    "1.5%": "percent",
    "8000-9000": "range",
    "1..5": "range",
    "2024-01-01": "date",
    "2024-01-01T00:00:00Z": "date",
    "2024-01-01T00:00:00.5+02:00": "date",
    "2xx": "word",
    "12ab-cd": "word",
    "5é": "word",
    "30sec": "word",
    "0xZZ": "word",
  };
  for (const [text, name] of Object.entries(expected))
    assert.deepEqual(words(text), [`${name} ${text}`], text);
});

test("what follows a number does not change it", () => {
  assert.deepEqual(words("1.0.0"), ["float 1.0", "dot .", "int 0"]);
  assert.deepEqual(words("10%3"), ["int 10", "modulo %", "int 3"]);
  assert.deepEqual(words("10%$x"), ["int 10", "modulo %", "variable $x"]);
  assert.deepEqual(words("5-a"), ["int 5", "minus -", "name a"]);
  assert.deepEqual(words("1-2-3"), ["int 1", "minus -", "range 2-3"]);
  assert.deepEqual(words("30s+1"), ["duration 30s", "plus +", "int 1"]);
  assert.deepEqual(words("2024-01-01:"), ["date 2024-01-01", "colon :"]);
});

test("names take letters of any script, digits, _ and -", () => {
  assert.deepEqual(words("user-service größe _x ключ 名前 𝒳y"), [
    "name user-service",
    "name größe",
    "name _x",
    "name ключ",
    "name 名前",
    "name 𝒳y",
  ]);
});

test("punctuation takes the longest sign", () => {
  assert.deepEqual(
    words("== != <= >= ?? || && ... < > ! = ? . @ , ; : + - * / %").map((word) => word.split(" ")[0]),
    "equal unequal lessEqual greaterEqual coalesce or and spread less greater not equals question dot at comma semicolon colon plus minus times divide modulo".split(
      " ",
    ),
  );
});

test("a string with interpolations is cut around them, nested ones too", () => {
  assert.deepEqual(words('"a ${x} b ${y} c"'), [
    'head "a ${',
    "name x",
    "middle } b ${",
    "name y",
    'tail } c"',
  ]);
  assert.deepEqual(words('"${ { a: "${x}" } }"'), [
    'head "${',
    "openBrace {",
    "name a",
    "colon :",
    'head "${',
    "name x",
    'tail }"',
    "closeBrace }",
    'tail }"',
  ]);
  assert.deepEqual(words('"""\n${x}\n"""').at(0), 'blockHead """\n${');
});

test("escapes and raw strings hide quotes and interpolations", () => {
  assert.deepEqual(words('"a\\"b \\${x}"'), ['string "a\\"b \\${x}"']);
  assert.deepEqual(words("'it\\'s ${x}'"), ["raw 'it\\'s ${x}'"]);
  assert.deepEqual(words("'''${x}'''"), ["rawBlock '''${x}'''"]);
});

test("an open string ends with its line and is reported once", () => {
  const { tokens, problems } = scanned('a: "x\nb: 1');
  assert.deepEqual(problems, ["TSK_STRING_OPEN 3-4"]);
  assert.equal(tokens.kind(3), kind.broken);
  assert.deepEqual(scanned('a: "${x\nb: 1').problems, ["TSK_STRING_OPEN 3-4"]);
  assert.deepEqual(scanned('a: "${"x\nb: 1').problems, ["TSK_STRING_OPEN 3-4"]);
  assert.deepEqual(scanned('a: """x\nb: 1').problems, ["TSK_STRING_OPEN 3-6"]);
  assert.deepEqual(scanned('a: """${x').problems, ["TSK_STRING_OPEN 3-6"]);
});

test("control characters in strings and stray characters are reported where they are", () => {
  assert.deepEqual(scanned('"a\u0001b"').problems, ["TSK_CHARACTER 2-3"]);
  assert.deepEqual(scanned('"a\tb"').problems, []);
  assert.deepEqual(scanned("a ~ 😀").problems, ["TSK_CHARACTER 2-3", "TSK_CHARACTER 4-6"]);
  assert.deepEqual(scanned("a: ${x}").problems, ["TSK_CHARACTER 3-7"]);
});

test("a backslash at the very end belongs to the text and nothing more", () => {
  const tokens = scan('a: "1\\', () => {});
  assert.equal(tokens.end(tokens.count - 1), 6);
  for (let index = 0; index < tokens.count; index++) assert.ok(tokens.end(index) <= 6);
});

test("comments run to the end of their line or to their end mark", () => {
  assert.deepEqual(words("# a\n// b\r\n/* c\nd */ e"), [
    "comment # a",
    "newline \n",
    "comment // b",
    "newline \r\n",
    "comment /* c\nd */",
    "name e",
  ]);
  assert.deepEqual(scanned("/* x").problems, ["TSK_COMMENT_OPEN 0-2"]);
});

test("half a pair at the end of a slice stays half a pair, however warm the scanner is", () => {
  // A slice of a longer text shares its memory: the other half stands right behind its end.
  const around = `key: ${"x".repeat(30)}\n𝒜: 1 and what follows`;
  const end = around.indexOf("𝒜") + 1;
  for (let round = 0; round < 20_000; round++) {
    const { tokens, problems } = scanned(around.slice(round % 5, end));
    assert.equal(tokens.end(tokens.count - 2), end - (round % 5));
    assert.equal(problems.length, 1);
  }
});
