/**
 * The gate: everything that must hold before a change lands. `npm test` runs all of it; names select parts:
 * `node scripts/gate.ts unit types`. `--list` says what there is.
 */
import { availableParallelism } from "node:os";
import { messageOf, systemClock } from "../src/kernel/index.ts";
import { peerSteps, type Step, type StepResult, soakSteps, steps } from "./steps.ts";

interface Outcome extends StepResult {
  readonly name: string;
}

const all = [...steps, ...peerSteps, ...soakSteps];

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--list")) {
    for (const step of all) console.log(`${step.name.padEnd(14)}${step.what}`);
    return 0;
  }
  const unknown = args.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`no step ${unknown.join(", ")}; there are ${all.map((step) => step.name).join(", ")}`);
    return 2;
  }
  const chosen = args.length === 0 ? steps : all.filter((step) => args.includes(step.name));
  const startMs = systemClock.now();
  const outcomes: Outcome[] = [];
  for (const wave of [1, 2] as const)
    outcomes.push(...(await runWave(chosen.filter((step) => step.wave === wave))));
  return conclude(outcomes, systemClock.now() - startMs);
}

/** Runs steps beside each other, as many as there are cores, two at most: tests must not starve each other. */
async function runWave(wave: readonly Step[]): Promise<Outcome[]> {
  const waiting = [...wave];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      outcomes.push(await runStep(step));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return outcomes;
}

async function runStep(step: Step): Promise<Outcome> {
  const startMs = systemClock.now();
  let result: StepResult;
  try {
    result = await step.run();
  } catch (error) {
    result = { ok: false, report: messageOf(error) };
  }
  const seconds = ((systemClock.now() - startMs) / 1000).toFixed(1);
  const counted = result.tally === undefined ? "" : `  ${result.tally.passed} passed`;
  const note = result.note === undefined ? "" : `  ${result.note}`;
  console.log(
    `${result.ok ? "ok  " : "FAIL"} ${step.name.padEnd(13)}${seconds.padStart(6)} s${counted}${note}`,
  );
  if (!result.ok) console.log(indent(result.report.trimEnd()));
  return { ...result, name: step.name };
}

/** The last word: what was skipped, what failed, and the sum over all runs of node:test. */
function conclude(outcomes: readonly Outcome[], tookMs: number): number {
  const tallies = outcomes.flatMap((outcome) => outcome.tally ?? []);
  const skipped = tallies.flatMap((tally) => tally.skipped);
  for (const name of skipped) console.log(`skipped: ${name}`);
  const broken = outcomes.filter((outcome) => !outcome.ok);
  if (broken.length > 0) console.log(`failed: ${broken.map((outcome) => outcome.name).join(", ")}`);
  console.log(`${(tookMs / 1000).toFixed(0)} s`);
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  // A step that is no test run (types, lint), or a run that died, counts as one failure.
  const failed = broken.reduce((sum, { tally }) => sum + Math.max(1, tally?.failed ?? 0), 0);
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return broken.length === 0 ? 0 : 1;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "     ");
}
