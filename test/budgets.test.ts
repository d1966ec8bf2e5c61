import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { type Budgets, judge, readBudgets } from "../scripts/budgets.ts";
import { type Measure, measure, measureFile, percentile } from "../scripts/measure.ts";

const limits: Budgets["source"] = {
  fileMedianLines: 10,
  fileP90Lines: 20,
  fileMaxLines: 30,
  functionP90Lines: 5,
  anyCount: 0,
  filesPerFolder: 2,
  readmeMaxLines: 4,
  testRatioMin: 1,
};

function measureOf(lines: number, anyCount = 0): Measure {
  const file = { file: "src/a/b.ts", lines, anyCount, functions: [] };
  return {
    files: [file],
    testLines: lines,
    sourceLines: lines,
    readmes: [],
    folders: new Map([["src/a", 1]]),
  };
}

test("the repository keeps its budgets", () => {
  assert.deepEqual(judge(measure(resolve(import.meta.dirname, "..")), readBudgets()), []);
});

test("functions of every spelling are measured, with what is inside them", () => {
  const text = [
    "export function outer(): number {",
    "  const inner = (a: number) => {",
    "    return a;",
    "  };",
    "  return inner(1);",
    "}",
    "class C {",
    "  method() {",
    "    return `{` + (() => 1)() + /[{]/.source; // function fake() {",
    "  }",
    "}",
    "const short = () => 1;",
    "",
  ].join("\n");
  const { functions, lines, anyCount } = measureFile("x.ts", text);
  assert.equal(lines, 12);
  assert.equal(anyCount, 0);
  assert.deepEqual(
    functions.map((f) => [f.at, f.lines]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
    [
      [1, 6],
      [2, 3],
      [8, 3],
      [9, 1],
      [12, 1],
    ],
  );
});

test("any is counted where it is a type, not where it is a word", () => {
  const { anyCount } = measureFile("x.ts", 'const any = "any"; // any\nlet a: any;\nlet b = any as any[];\n');
  assert.equal(anyCount, 2);
});

test("a percentile is the nearest rank", () => {
  assert.equal(percentile([], 0.9), 0);
  assert.equal(percentile([3], 0.5), 3);
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0.9), 9);
});

test("what is within the limits is not mentioned", () => {
  assert.deepEqual(judge(measureOf(10), { source: limits, exceptions: [] }), []);
});

test("each limit that is passed gives one sentence", () => {
  assert.equal(judge(measureOf(31), { source: limits, exceptions: [] }).length, 3);
  assert.equal(judge(measureOf(10, 1), { source: limits, exceptions: [] }).length, 1);
  const crowded = { ...measureOf(10), folders: new Map([["src/a", 3]]) };
  assert.equal(judge(crowded, { source: limits, exceptions: [] }).length, 1);
  const wordy = { ...measureOf(10), readmes: [{ file: "src/a/README.md", lines: 5 }] };
  assert.equal(judge(wordy, { source: limits, exceptions: [] }).length, 1);
  assert.equal(judge({ ...measureOf(10), testLines: 9 }, { source: limits, exceptions: [] }).length, 1);
});

test("an exception lifts one limit of one path up to its own, and goes when it is not needed", () => {
  const exception = {
    path: "src/a/b.ts",
    budget: "anyCount",
    limit: 1,
    reason: "a foreign type is any",
  } as const;
  const budgets = { source: limits, exceptions: [exception] };
  assert.deepEqual(judge(measureOf(10, 1), budgets), []);
  assert.equal(judge(measureOf(10, 2), budgets).length, 1);
  assert.equal(judge(measureOf(10, 0), budgets).length, 1);
});
