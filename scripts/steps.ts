import { globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemClock } from "../src/kernel/index.ts";
import { type Ended, runNode } from "./run.ts";
import { parseTally, type Tally } from "./tally.ts";

/** What a step came to. `report` is shown only when it failed. */
export interface StepResult {
  readonly ok: boolean;
  readonly report: string;
  readonly tally?: Tally;
  /** Stands beside the step whatever it came to: a seed. */
  readonly note?: string;
}

/** One part of the gate. */
export interface Step {
  readonly name: string;
  /** Shown in `--list`. */
  readonly what: string;
  /** Steps of one wave may run beside each other; a wave begins when the one before it is through. */
  readonly wave: 1 | 2;
  run(): Promise<StepResult>;
}

const root = resolve(import.meta.dirname, "..");
const cache = join(root, ".cache");

/** Tests that start processes: a hung one is ended; three at once, for they wait more than they work. */
const processes = ["--test-timeout=180000", "--test-concurrency=3"];

/** The gate in the order it is read. The long ones stand first in their wave so that nothing waits for them. */
export const steps: readonly Step[] = [
  {
    name: "unit",
    what: "unit tests beside the source, in two processes",
    wave: 1,
    run: units,
  },
  {
    name: "check",
    what: "format and lint, warnings are errors",
    wave: 1,
    run: () => tool("@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "--diagnostic-level=warn"]),
  },
  {
    name: "types",
    what: "tsc over source, tests, scripts, examples, and the dashboard with the browser's types",
    wave: 1,
    run: types,
  },
  {
    name: "dead",
    what: "exports, files and dependencies nobody uses",
    wave: 1,
    run: () => tool("knip/bin/knip.js", ["--no-progress", "--no-config-hints"]),
  },
  {
    name: "architecture",
    what: "import table, cycles, budgets, error table",
    wave: 1,
    run: () => tests("architecture", ["test/*.test.ts"], ["--test-isolation=none"]),
  },
  {
    name: "golden",
    what: "golden cases, one file each",
    wave: 1,
    run: () => tests("golden", ["test/golden/**/*.test.ts"], ["--test-isolation=none"]),
  },
  {
    name: "e2e",
    what: "real processes, two rooms together, clients from npm",
    wave: 2,
    run: () => tests("e2e", ["test/{conformance,e2e,fuzz}/**/*.test.ts"], processes),
  },
];

/** Every other file each: one process would leave a core idle for most of the gate. */
async function units(): Promise<StepResult> {
  const globs = ["src/**/*.test.ts", "dashboard/*.test.ts"];
  const flags = ["--test-isolation=none", "--test-timeout=60000"];
  const halves = await Promise.all(
    [1, 2].map((half) => tests(`unit-${half}`, globs, [...flags, `--test-shard=${half}/2`])),
  );
  const tallies = halves.flatMap((half) => half.tally ?? []);
  const ok = halves.every((half) => half.ok);
  const report = halves.flatMap((half) => (half.ok ? [] : half.report)).join("\n");
  // A half that died has no tally, and then the whole has none: it counts as failed.
  if (tallies.length < halves.length) return { ok, report };
  return {
    ok,
    report,
    tally: {
      passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
      failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
      skipped: tallies.flatMap((tally) => tally.skipped),
    },
  };
}

/** `npm run test:peers`: what needs programs from Debian. */
export const peerSteps: readonly Step[] = [
  {
    name: "peers",
    what: "beside foreign programs and in a real browser; those that are missing are skipped by name",
    wave: 2,
    run: () => tests("peers", ["test/{peers,browser}/**/*.test.ts"], processes),
  },
  {
    name: "fuzz",
    what: "the fuzz target of the language for a minute from a new seed; what it finds is kept below test/golden/tsk/found, and tried first from then on",
    wave: 2,
    run: fuzz,
  },
];

/** `npm run test:soak`: the long runs. Each prints the seed it ran with. */
export const soakSteps: readonly Step[] = [
  {
    name: "soak",
    what: "hundreds of kills, journals garbled at every offset, thousands of random sequences; the better part of an hour",
    wave: 2,
    run: () =>
      tests("soak", ["test/soak/**/*.test.ts"], ["--test-timeout=3600000", "--test-concurrency=1"], {
        timeoutMs: 2 * 3_600_000,
      }),
  },
  {
    name: "properties",
    what: "unit tests with properties drawn from a new seed, which is printed; TUSKER_TEST_SEED chooses one",
    wave: 1,
    run: properties,
  },
];

async function properties(): Promise<StepResult> {
  const seed = process.env.TUSKER_TEST_SEED ?? String(systemClock.wall() >>> 0);
  const flags = ["--test-isolation=none", "--test-timeout=60000"];
  const result = await tests("properties", ["src/**/*.test.ts"], flags, { env: { TUSKER_TEST_SEED: seed } });
  return { ...result, note: `TUSKER_TEST_SEED=${seed}` };
}

async function fuzz(): Promise<StepResult> {
  // A new seed each time: a minute that repeats itself finds nothing new. TUSKER_FUZZ_SEED repeats the one that is printed.
  const seed = process.env.TUSKER_FUZZ_SEED ?? String(systemClock.wall() >>> 0);
  const env = { TUSKER_FUZZ_SECONDS: process.env.TUSKER_FUZZ_SECONDS ?? "60", TUSKER_FUZZ_SEED: seed };
  const result = await tests("fuzz", ["test/fuzz/tsk.test.ts"], ["--test-timeout=150000"], { env });
  return { ...result, note: `TUSKER_FUZZ_SEED=${seed}` };
}

async function types(): Promise<StepResult> {
  const results = [];
  for (const project of ["tsconfig.json", "dashboard/tsconfig.json"])
    results.push(await tool("typescript/bin/tsc", ["-p", project]));
  return { ok: results.every((one) => one.ok), report: results.map((one) => one.report).join("") };
}

/** Runs a tool of node_modules under this Node. */
async function tool(bin: string, args: readonly string[]): Promise<StepResult> {
  const ended = await runNode([join(root, "node_modules", bin), ...args], { cwd: root, timeoutMs: 300_000 });
  return { ok: ended.exitCode === 0, report: ended.output };
}

/** How a run of tests differs from the others. */
interface TestRun {
  readonly env?: Readonly<Record<string, string>>;
  /** When it counts as hanging; default half an hour: a test that hangs is ended by its own limit long before. */
  readonly timeoutMs?: number;
}

async function tests(
  name: string,
  globs: readonly string[],
  flags: readonly string[],
  { env = {}, timeoutMs = 1_800_000 }: TestRun = {},
): Promise<StepResult> {
  const files = globSync([...globs], { cwd: root }).sort();
  if (files.length === 0) return { ok: true, report: "", tally: { passed: 0, failed: 0, skipped: [] } };
  mkdirSync(cache, { recursive: true });
  const tallyFile = join(cache, `tally-${name}.txt`);
  rmSync(tallyFile, { force: true });
  const args = [
    ...["--conditions=tusker-source", "--import=./scripts/seeded.ts", "--test", ...flags],
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=./scripts/tally.ts", `--test-reporter-destination=${tallyFile}`],
    ...files,
  ];
  const ended = await runNode(args, {
    cwd: root,
    env: { NODE_COMPILE_CACHE: join(cache, "compile"), ...env },
    timeoutMs,
  });
  return judge(ended, readTally(tallyFile));
}

function judge(ended: Ended, tally: Tally | undefined): StepResult {
  if (ended.timedOut)
    return { ok: false, report: `${ended.output}\nthe run did not end: a test hangs or leaks a handle` };
  if (tally === undefined)
    return { ok: false, report: `${ended.output}\nthe run died before it could report` };
  const ok = ended.exitCode === 0 && tally.failed === 0;
  return { ok, report: failuresOf(ended.output), tally };
}

function readTally(file: string): Tally | undefined {
  try {
    return parseTally(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** The spec reporter repeats all failures at the end; what stands before is the list of what passed. */
function failuresOf(output: string): string {
  const at = output.lastIndexOf("failing tests:");
  return at < 0 ? output : output.slice(output.lastIndexOf("\n", at) + 1);
}
