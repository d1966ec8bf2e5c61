import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Function as FunctionNode, parseSync, Visitor } from "oxc-parser";

/** One source file as the budgets see it. */
export interface FileMeasure {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly lines: number;
  readonly anyCount: number;
  readonly functions: readonly FunctionMeasure[];
}

export interface FunctionMeasure {
  readonly name: string;
  /** The line it begins on. */
  readonly at: number;
  readonly lines: number;
}

/** The whole repository, measured. */
export interface Measure {
  readonly files: readonly FileMeasure[];
  /** Lines of tests: beside the source, under `test/`, golden cases included. */
  readonly testLines: number;
  readonly sourceLines: number;
  readonly readmes: readonly { readonly file: string; readonly lines: number }[];
  /** Source files per folder. */
  readonly folders: ReadonlyMap<string, number>;
}

/** Measures everything under `root`. Examples, scripts and benches are neither source nor tests. */
export function measure(root: string): Measure {
  const all = globSync("src/**/*.ts", { cwd: root }).sort();
  const files = all
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => measureFile(file, read(root, file)));
  const tests = [
    ...all.filter((file) => file.endsWith(".test.ts")),
    ...globSync("test/**/*.*", { cwd: root }),
  ];
  const folders = new Map<string, number>();
  for (const { file } of files) folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
  return {
    files,
    folders,
    sourceLines: sum(files.map((file) => file.lines)),
    testLines: sum(tests.map((file) => lineCount(read(root, file)))),
    readmes: globSync("src/*/README.md", { cwd: root })
      .sort()
      .map((file) => ({ file, lines: lineCount(read(root, file)) })),
  };
}

/** Parses one file and measures its functions, the outer ones with all that is inside them. */
export function measureFile(file: string, text: string): FileMeasure {
  const { program, errors } = parseSync(basename(file), text);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  const starts = lineStarts(text);
  const functions: FunctionMeasure[] = [];
  let anyCount = 0;
  const add = (node: Spanned, name: string): void => {
    const at = lineAt(starts, node.start);
    functions.push({ name, at, lines: lineAt(starts, node.end) - at + 1 });
  };
  const addFunction = (node: FunctionNode): void => add(node, node.id?.name ?? "function");
  new Visitor({
    FunctionDeclaration: addFunction,
    FunctionExpression: addFunction,
    ArrowFunctionExpression: (node) => add(node, "=>"),
    TSAnyKeyword: () => {
      anyCount++;
    },
  }).visit(program);
  return { file, lines: lineCount(text), anyCount, functions };
}

interface Spanned {
  readonly start: number;
  readonly end: number;
}

/** The value below which `share` of the list lies (nearest rank); 0 of an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Line number, from 1, of an offset. */
function lineAt(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** As `wc -l` counts. */
function lineCount(text: string): number {
  return lineStarts(text).length - 1;
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
