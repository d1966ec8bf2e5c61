import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compilePattern } from "./pattern.ts";

const matches: [pattern: string, text: string, answer: boolean][] = [
  ["", "", true],
  ["b", "abc", true],
  ["^b", "abc", false],
  ["^a.c$", "abc", true],
  ["^a.c$", "a\nc", false],
  ["(?s)^a.c$", "a\nc", true],
  ["^v[0-9]+$", "v12", true],
  ["^v[0-9]+$", "v", false],
  ["^[^a-c]$", "d", true],
  ["^[]a-]+$", "-]a", true],
  ["^\\w+-\\d{3}$", "user-service-001", false],
  ["^[\\w-]+-\\d{3}$", "user-service-001", true],
  ["^(web|db)(-eu)?$", "db-eu", true],
  ["^(?:web|db)(-eu)?$", "cache", false],
  ["^a{2,3}$", "aaaa", false],
  ["^a{2,}$", "aaaa", true],
  ["^a{2}$", "aa", true],
  ["^a{,2}$", "a{,2}", true],
  ["(?i)^WEB$", "web", true],
  ["^(?i:W)eb$", "web", true],
  ["^(?i:W)eb$", "wEb", false],
  ["(?m)^b$", "a\nb\nc", true],
  ["\\bpay\\b", "the pay-service", true],
  ["\\Bay", "pay", true],
  ["^[[:alpha:]]+[[:^alpha:]]$", "abc1", true],
  ["^\\x41\\x{1F600}$", "A\u{1F600}", true],
  ["^.$", "\u{1F600}", true],
  ["\\.", "a", false],
  ["^(?P<name>a)(?<other>b)$", "ab", true],
  ["(a*)*$", "b", true],
  ["^(|a)+$", "aaa", true],
  ["^a*?b+?$", "aab", true],
];

for (const [pattern, text, answer] of matches) {
  test(`/${pattern}/ on ${JSON.stringify(text)} is ${answer}`, () => {
    assert.equal(compilePattern(pattern).test(text), answer);
  });
}

const refused: [pattern: string, why: RegExp][] = [
  ["(", /missing closing \): `\(`/],
  [")", /unexpected \)/],
  ["[a", /missing closing \]: `\[a`/],
  ["[z-a]", /invalid character class range: `z-a`/],
  ["[[:nope:]]", /invalid character class range/],
  ["*a", /missing argument to repetition operator: `\*`/],
  ["a**", /invalid nested repetition operator: `\*\*`/],
  ["a{2,1}", /invalid repeat count: `\{2,1\}`/],
  ["a{1001}", /invalid repeat count/],
  ["\\", /trailing backslash/],
  ["\\1", /invalid escape sequence: `\\1`/],
  ["(?=a)", /invalid or unsupported Perl syntax: `\(\?=`/],
  ["(?<!a)", /invalid or unsupported Perl syntax/],
  ["((a{1000}){1000}){1000}", /expression too large/],
  ["(".repeat(65), /nests too deeply/],
  ["a".repeat(1_025), /longer than 1024/],
];

for (const [pattern, why] of refused) {
  test(`refused: ${pattern.slice(0, 30)}`, () => {
    assert.throws(() => compilePattern(pattern), why);
  });
}

test("a pattern that keeps others busy for hours is done in time, and so is one that counts much", () => {
  assert.equal(compilePattern("^(a+)+$").test(`${"a".repeat(4_096)}!`), false);
  assert.equal(compilePattern("(x+x+)+y").test("x".repeat(4_096)), false);
});

test("who asks for more than a second of work is refused", () => {
  const heavy = compilePattern("(a?){100}(a?){100}b");
  assert.throws(() => {
    for (let i = 0; i < 100; i++) heavy.test("a".repeat(4_096));
  }, /too much work/);
});

/** What both understand alike. */
const piece = fc.constantFrom(
  "a",
  "b",
  "1",
  ".",
  "[ab]",
  "[^a]",
  "\\d",
  "\\w",
  "(a|b)",
  "(?:ab)",
  "(|1)",
  "^",
  "$",
  "\\b",
  "|",
);
const count = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?");

test("it says what the expressions of JavaScript say", () => {
  const pattern = fc
    .array(fc.tuple(piece, count), { maxLength: 6 })
    .map((list) => list.map(([one, times]) => (/^(?:[\^$|]|\\b)$/.test(one) ? one : one + times)).join(""));
  const text = fc
    .array(fc.constantFrom("a", "b", "1", "-", "\n"), { maxLength: 8 })
    .map((list) => list.join(""));
  fc.assert(
    fc.property(pattern, fc.array(text, { maxLength: 5 }), (written, texts) => {
      const [own, theirs] = [compilePattern(written), new RegExp(written, "u")];
      for (const one of texts)
        assert.equal(own.test(one), theirs.test(one), `/${written}/ on ${JSON.stringify(one)}`);
    }),
    { numRuns: 2_000 },
  );
});

test("any text is a pattern or an error, at once", () => {
  const letters = fc.constantFrom(...'ab[](){}*+?|^$\\.-:,0123="'.split(""), "é", "\u{1F600}");
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 30 }), (list) => {
      try {
        compilePattern(list.join("")).test("ab0-é");
      } catch (error) {
        assert.match(String(error), /error parsing regexp: /);
        assert.doesNotMatch(String(error), /RangeError|TypeError|SyntaxError/);
      }
    }),
  );
});
