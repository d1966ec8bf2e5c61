// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Diagnostic } from "../diagnostic.ts";
import type { Refusal } from "../ports.ts";
import { Source } from "../source.ts";
import { parse } from "../syntax/parse.ts";
import { toPlain } from "./data.ts";
import { evaluate } from "./evaluate.ts";
import { outline } from "./outline.ts";

const missing: Refusal = { code: "TSK_FILE_MISSING", message: "there are no files here" };

function merged(texts: readonly string[]): { value: unknown; problems: string[] } {
  const problems: Diagnostic[] = [];
  const report = (one: Diagnostic): void => void problems.push(one);
  const roots = texts.map((text, index) => {
    const source = new Source(`layer${index}`, text);
    const tree = parse(source);
    problems.push(...tree.diagnostics);
    return outline(source, tree.items, { report, include: () => [] });
  });
  const textLength = texts.join("").length;
  const root = evaluate(roots, {
    ports: { env: () => undefined, readText: () => missing },
    report,
    include: () => [],
    outlineOf: () => missing,
    covered: () => {},
    textLength,
  });
  return {
    value: toPlain(root.data),
    problems: problems.map((one) => `${one.file}:${one.line} ${one.code}`),
  };
}

const value = (...texts: string[]): unknown => {
  const { value: found, problems } = merged(texts);
  assert.deepEqual(problems, []);
  return found;
};

// Keys in m… hold maps in every layer, the others never do: where a layer replaces a map by a value and another puts
// a map over that, what is merged first matters, and no deep merge is associative.
const layerOf = (depth: number): fc.Arbitrary<Record<string, unknown>> => {
  const leaf = fc.oneof(fc.nat(9), fc.array(fc.nat(9), { maxLength: 2 }));
  const leaves = fc.dictionary(fc.constantFrom("a", "b", "c"), leaf);
  if (depth === 0) return leaves;
  const maps = fc.dictionary(fc.constantFrom("m1", "m2"), layerOf(depth - 1), { maxKeys: 2 });
  return fc.tuple(leaves, maps).map(([some, more]) => ({ ...some, ...more }));
};
const layer = layerOf(3);

test("merging is associative over layers", () => {
  fc.assert(
    fc.property(layer, layer, layer, (a, b, c) => {
      const merge = (...layers: unknown[]): unknown => value(...layers.map((one) => JSON.stringify(one)));
      assert.deepEqual(merge(merge(a, b), c), merge(a, b, c));
      assert.deepEqual(merge(a, merge(b, c)), merge(a, b, c));
    }),
    { numRuns: 100 },
  );
});

test("an empty layer changes nothing", () => {
  fc.assert(
    fc.property(layer, (a) => {
      const text = JSON.stringify(a);
      assert.deepEqual(value(text, ""), value(text));
      assert.deepEqual(value("", text), value(text));
    }),
  );
});

test("the order in which entries are written does not change the value", () => {
  const entries = ["a: b + 1", "b: c * 2", "c: 3", "$v: a", 'd: "${$v}/${m.x}"', "m: { x: y, y: c }"];
  const expected = value(entries.join("\n"));
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      assert.deepEqual(value(shuffled.join("\n")), expected);
    }),
  );
});

test("a map that an expression gives is merged with, never lost", () => {
  const base = "$d: { x: 1, y: { p: 1 } }\na: $d\nb: $d";
  assert.deepEqual(value(base, "a.y.q: 2"), { a: { x: 1, y: { p: 1, q: 2 } }, b: { x: 1, y: { p: 1 } } });
  assert.deepEqual(value("a: { x: 1 }", "$d: { y: 2 }\na: $d"), { a: { x: 1, y: 2 } });
  assert.deepEqual(value("a: { x: 1 }", "t: true\na: t ? { y: 2 } : 3", "a.z: 3"), {
    a: { x: 1, y: 2, z: 3 },
    t: true,
  });
});

test("a value covers the maps below it, and a map covers the values below it", () => {
  assert.deepEqual(value("a: { x: 1 }", "a: 2", "a: { y: 3 }"), { a: { y: 3 } });
  assert.deepEqual(value("a: { x: 1 }", "a: { y: 3 }", "a: 2"), { a: 2 });
});

test("what a layer covers is not evaluated", () => {
  assert.deepEqual(value('a: @env("MISSING")\nb: nope', "a: 1\nb: 2"), { a: 1, b: 2 });
});

test("lists replace lists", () => {
  assert.deepEqual(value("a: [1, 2]", "a: [3]"), { a: [3] });
});

test("names are looked up in the merged document", () => {
  assert.deepEqual(value("a: b\nb: 1", "b: 2"), { a: 2, b: 2 });
  assert.deepEqual(value("m: { a: b }", "m.b: 3"), { m: { a: 3, b: 3 } });
});

test("a value that depends on itself is reported once, its neighbours are fine", () => {
  const { value: found, problems } = merged(["a: b\nb: c\nc: a\nd: 1\ne: a"]);
  assert.deepEqual(problems, ["layer0:3 TSK_CYCLE"]);
  assert.deepEqual(found, { d: 1 });
});

test("references may pass through maps that are being evaluated", () => {
  assert.deepEqual(value("s: { a: { url: s.b.host }, b: { host: s.c }, c: 1 }"), {
    s: { a: { url: 1 }, b: { host: 1 }, c: 1 },
  });
});

test("a chain of a thousand references is too deep, not a crash", () => {
  const chain = (length: number): string =>
    `${Array.from({ length }, (_, index) => `a${index}: a${index + 1}`).join("\n")}\na${length}: 1`;
  assert.deepEqual(merged([chain(300)]).problems, []);
  assert.deepEqual(
    merged([chain(30_000)]).problems.map((one) => one.split(" ")[1]),
    ["TSK_TOO_DEEP"],
  );
});

test("values that double at each step run out of fuel, not of memory", () => {
  const doubling = (step: (name: string) => string, last: string): string =>
    `${Array.from({ length: 60 }, (_, index) => `$a${index}: ${step(`$a${index + 1}`)}`).join("\n")}\n$a60: ${last}\nx: $a0`;
  for (const text of [
    doubling((name) => `[${name}, ${name}]`, "1"),
    doubling((name) => `{ l: ${name}, r: ${name} }`, "1"),
    doubling((name) => `"\${${name}}\${${name}}"`, '"xx"'),
    doubling((name) => `${name} + ${name}`, '"xx"'),
    doubling((name) => `{ ...${name}, l: ${name}, r: ${name} }`, "{ x: 1 }"),
  ])
    assert.deepEqual(
      merged([text]).problems.map((one) => one.split(" ")[1]),
      ["TSK_FUEL"],
      text.slice(0, 40),
    );
});

test("two large values that are equal are compared within the fuel", () => {
  const lines = Array.from(
    { length: 18 },
    (_, i) => `$a${i}: [$a${i + 1}, $a${i + 1}]\n$b${i}: [$b${i + 1}, $b${i + 1}]`,
  );
  const text = `${lines.join("\n")}\n$a18: 1\n$b18: 1\nx: $a0 == $b0\ny: $a0 == $b0\nz: $a0 == $b0`;
  assert.deepEqual(
    merged([text]).problems.map((one) => one.split(" ")[1]),
    ["TSK_FUEL"],
  );
});
