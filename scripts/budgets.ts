/** `npm run budgets`: how big everything is, and what is too big. `bench/budgets.json` holds the limits. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { type Measure, measure, percentile } from "./measure.ts";

const limitsSchema = z.strictObject({
  fileMedianLines: z.number(),
  fileP90Lines: z.number(),
  fileMaxLines: z.number(),
  functionP90Lines: z.number(),
  anyCount: z.number(),
  filesPerFolder: z.number(),
  readmeMaxLines: z.number(),
  testRatioMin: z.number(),
});

const budgetsSchema = z.looseObject({
  source: limitsSchema,
  /** A file or folder that may pass one limit, and why. */
  exceptions: z.array(
    z.strictObject({
      path: z.string(),
      budget: limitsSchema.keyof(),
      limit: z.number(),
      reason: z.string().min(20, "a reason is a sentence"),
    }),
  ),
});

export type Budgets = z.infer<typeof budgetsSchema>;

const root = resolve(import.meta.dirname, "..");

if (import.meta.main) {
  const found = measure(root);
  const problems = judge(found, readBudgets());
  console.log(summary(found));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/** The limits of the repository. */
export function readBudgets(): Budgets {
  return budgetsSchema.parse(JSON.parse(readFileSync(join(root, "bench/budgets.json"), "utf8")));
}

/** One sentence for each limit that is passed, and for each exception nobody needs any more. */
export function judge(found: Measure, budgets: Budgets): string[] {
  const needed = new Set<object>();
  const limitFor = (path: string, budget: keyof Budgets["source"], value: number): number => {
    const limit = budgets.source[budget];
    const exception = budgets.exceptions.find((entry) => entry.path === path && entry.budget === budget);
    if (exception === undefined || value <= limit) return limit;
    needed.add(exception);
    return exception.limit;
  };
  const problems = [...overall(found, budgets.source)];
  for (const { file, lines, anyCount } of found.files) {
    if (lines > limitFor(file, "fileMaxLines", lines))
      problems.push(`${file}: ${lines} lines; find the second idea inside`);
    if (anyCount > limitFor(file, "anyCount", anyCount)) problems.push(`${file}: ${anyCount} times any`);
  }
  for (const [folder, count] of found.folders)
    if (count > limitFor(folder, "filesPerFolder", count))
      problems.push(`${folder}: ${count} files; split the room`);
  for (const { file, lines } of found.readmes)
    if (lines > limitFor(file, "readmeMaxLines", lines)) problems.push(`${file}: ${lines} lines`);
  for (const exception of budgets.exceptions)
    if (!needed.has(exception))
      problems.push(`${exception.path}: its exception for ${exception.budget} is not needed`);
  return problems;
}

/** Limits of the whole, which know no exception. */
function overall(found: Measure, limits: Budgets["source"]): string[] {
  const problems: string[] = [];
  const { median, p90, functionP90, ratio } = figures(found);
  if (median > limits.fileMedianLines) problems.push(`the median file has ${median} lines`);
  if (p90 > limits.fileP90Lines) problems.push(`a tenth of the files have ${p90} lines or more`);
  if (functionP90 > limits.functionP90Lines)
    problems.push(`a tenth of the functions have ${functionP90} lines or more`);
  if (ratio < limits.testRatioMin)
    problems.push(`${ratio.toFixed(2)} lines of tests to one of source; at least ${limits.testRatioMin}`);
  return problems;
}

function figures(found: Measure): { median: number; p90: number; functionP90: number; ratio: number } {
  const lines = found.files.map((file) => file.lines);
  const functions = found.files.flatMap((file) => file.functions.map((f) => f.lines));
  return {
    median: percentile(lines, 0.5),
    p90: percentile(lines, 0.9),
    functionP90: percentile(functions, 0.9),
    ratio: found.sourceLines === 0 ? Number.POSITIVE_INFINITY : found.testLines / found.sourceLines,
  };
}

function summary(found: Measure): string {
  const { median, p90, functionP90, ratio } = figures(found);
  const longest = found.files.toSorted((a, b) => b.lines - a.lines).slice(0, 5);
  const functions = found.files
    .flatMap((file) => file.functions.map((f) => ({ ...f, file: file.file })))
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, 5);
  return [
    `${found.files.length} files, ${found.sourceLines} lines; tests ${found.testLines} lines, ratio ${ratio.toFixed(2)}`,
    `files: median ${median}, 90th percentile ${p90}; functions: 90th percentile ${functionP90}`,
    ...longest.map((file) => `  ${file.lines} ${file.file}`),
    ...functions.map((f) => `  ${f.lines} ${f.file}:${f.at} ${f.name}`),
  ].join("\n");
}
