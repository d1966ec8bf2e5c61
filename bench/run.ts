/**
 * `npm run bench -- <subject> [--json]`: CPU per operation, or the subject's own figures, ours beside the named
 * others, interleaved in one run. What follows the subject is the subject's. Exits 1 when a budget of `bench/budgets.json` is missed. CPU time, not wall time: machines are shared.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { barOf, type Figure, figureLine, figureMisses } from "./figure.ts";
import { type Case, type Cost, measureCase } from "./subject.ts";

const budgetSchema = z.strictObject({
  maxMicros: z.number().optional(),
  /** Of a figure, in its own unit. */
  min: z.number().optional(),
  max: z.number().optional(),
  /** Our CPU divided by that of the named peer. */
  maxRatio: z.record(z.string(), z.number()).default({}),
  minRatio: z.record(z.string(), z.number()).default({}),
});
const budgetsSchema = z.looseObject({ bench: z.record(z.string(), z.record(z.string(), budgetSchema)) });

type Budget = z.infer<typeof budgetSchema>;

const here = import.meta.dirname;
/** Subject → module: one file, or the `index.ts` of a folder. */
const subjects = new Map(
  [
    ...globSync("*.bench.ts", { cwd: here }).map((file) => [basename(file, ".bench.ts"), file] as const),
    ...globSync("*/index.ts", { cwd: here }).map((file) => [dirname(file), file] as const),
  ].sort(),
);

/** A subject measures operations (`cases`) or figures of its own (`figures`). */
interface Subject {
  readonly cases?: readonly Case[];
  readonly figures?: (args: readonly string[]) => AsyncIterable<Figure>;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const [subject = "", ...more] = args.filter((arg) => arg !== "--json");
  const file = subjects.get(subject);
  if (file === undefined) {
    console.error(`which subject? one of: ${[...subjects.keys()].join(", ")}`);
    return 2;
  }
  const { cases = [], figures }: Subject = await import(`./${file}`);
  const budgets =
    budgetsSchema.parse(JSON.parse(readFileSync(`${here}/budgets.json`, "utf8"))).bench[subject] ?? {};
  const costs = cases.map(measureCase);
  if (!json) for (const line of costs.flatMap((cost) => lines(cost, budgets[cost.case]))) console.log(line);
  const missed = costs.flatMap((cost) => misses(cost, budgets[cost.case]));
  const seen: Figure[] = [];
  for await (const figure of figures?.(more) ?? []) {
    seen.push(figure);
    if (!json) console.log(figureLine(figure, budgets[figure.name]));
    missed.push(...figureMisses(figure, budgets[figure.name]));
  }
  if (json) console.log(JSON.stringify({ subject, costs, figures: seen, missed }));
  else for (const line of missed) console.log(line);
  return missed.length === 0 ? 0 : 1;
}

function misses(cost: Cost, budget: Budget | undefined): string[] {
  if (budget === undefined) return [`${cost.case}: has no budget in bench/budgets.json`];
  const missed: string[] = [];
  if (budget.maxMicros !== undefined && cost.oursMicros > budget.maxMicros)
    missed.push(`${cost.case}: ${micros(cost.oursMicros)}, the budget is ${micros(budget.maxMicros)}`);
  for (const [peer, limit] of Object.entries(budget.maxRatio)) {
    const ratio = cost.oursMicros / (cost.peersMicros[peer] ?? Number.NaN);
    if (!(ratio <= limit))
      missed.push(`${cost.case}: ${ratio.toFixed(2)} of ${peer}, the budget is ${limit}`);
  }
  return missed;
}

function lines(cost: Cost, budget: Budget | undefined): string[] {
  const peers = Object.entries(cost.peersMicros).map(
    ([peer, value]) =>
      `  ${peer.padEnd(22)}${micros(value).padStart(12)}  ratio ${(cost.oursMicros / value).toFixed(2)}`,
  );
  const bar = barOf({ max: budget?.maxMicros, maxRatio: budget?.maxRatio ?? {} });
  return [`${cost.case.padEnd(24)}${micros(cost.oursMicros).padStart(12)}  ${bar}`.trimEnd(), ...peers];
}

function micros(value: number): string {
  return `${value < 100 ? value.toFixed(2) : value.toFixed(0)} µs`;
}
