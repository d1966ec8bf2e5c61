import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxMatchedChars, unsafeRegex, wholeRegex } from "./safe-regex.ts";

test("lets through what people write", () => {
  for (const fine of [
    "v[0-9]+",
    "v[0-9]+(\\.[0-9]+)?",
    "v?[0-9]+\\.[0-9]+(-beta)?",
    "(?:en|de|fr)",
    "[a-z]+-[0-9]+",
    "\\d{1,3}",
    "ab?c",
    "(a|b)c*",
    "\\u{1F600}",
    "[^/]*",
    "x{3}(?<id>y)",
    "(?:beta|canary)+",
    "([a-z]|[0-9]|-)*",
    "(?:en|es|e)",
    "(a|ab)(c|bcd)d*",
    "\\||a",
  ])
    assert.equal(unsafeRegex(fine), undefined, fine);
});

test("refuses what may take for ever, and says why", () => {
  const told: readonly (readonly [string, RegExp])[] = [
    ["(a+)+", /repeats a group/],
    ["(?:a|b*)*c", /repeats a group/],
    ["([a-z]+){2,}", /repeats a group/],
    ["((a{2}){3})+", /repeats a group/],
    [".*.*.*x", /more than two/],
    ["(a|a)*b", /begin alike/],
    ["(a|ab|b)*c", /begin alike/],
    ["(?:a|a){30}b", /begin alike/],
    ["(\\w|[0-9])+x", /begin alike/],
    ["((?:a|.)b)*", /begin alike/],
    ["(a|(?:b|b))+", /begin alike/],
    ["(|a)+b", /begin alike/],
    ["(a?a?)*b", /repeats a group/],
    ["(\\u0061|a)*b", /begin alike/],
    [`${"(a|a)".repeat(19)}b`, /more than two/],
    ["(a)\\1", /refers back/],
    ["(?=a)b", /looks ahead/],
    ["(?<!a)b", /looks ahead or behind/],
    ["[a-", /cannot be read/],
    ["a{17,}b*c+", /more than two/],
  ];
  for (const [source, why] of told) assert.match(unsafeRegex(source) ?? "fine", why, source);
});

test("what it lets through ends soon on any text", () => {
  const leaf = fc.constantFrom("a", "b", ".", "[ab]", "\\w", "(?:a|ab)", "(a|b)", "\\.", "a?", "");
  const choice = fc.array(leaf, { minLength: 1, maxLength: 3 }).map((all) => `(?:${all.join("|")})`);
  const atom = fc.oneof(
    leaf,
    choice,
    fc.tuple(choice, leaf).map(([one, other]) => `(${one}${other})`),
  );
  const quantifier = fc.constantFrom("", "", "*", "+", "?", "{1,16}", "{30}", "{2,}", "*?");
  const source = fc
    .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.flat().join(""));
  fc.assert(
    fc.property(source, fc.constantFrom("a", "ab", "ba", "aab"), (text, unit) => {
      if (unsafeRegex(text) !== undefined) return;
      const before = process.cpuUsage();
      wholeRegex(text).test(`${unit.repeat(maxMatchedChars)}`.slice(0, maxMatchedChars - 1) + "!");
      const { user } = process.cpuUsage(before);
      assert.ok(user < 200_000, `${text} took ${user} µs`);
    }),
    { numRuns: 300 },
  );
});
