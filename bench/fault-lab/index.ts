/**
 * The fault lab: what the policies do when things go wrong, beside plain round robin. In virtual time the policies
 * themselves, over many seeds; then the same with real processes.
 * `npm run bench -- fault-lab [virtual|real] [scenario …]`.
 */
import type { Figure } from "../figure.ts";
import { killed } from "./real/killed.ts";
import { limits as realLimits } from "./real/limits.ts";
import { oneBad as realOneBad } from "./real/one-bad.ts";
import { outage as realOutage } from "./real/outage.ts";
import { overload as realOverload } from "./real/overload.ts";
import { reloads } from "./real/reloads.ts";
import { slowClients } from "./real/slow-clients.ts";
import { chaos } from "./virtual/chaos.ts";
import { limits } from "./virtual/limits.ts";
import { oneBad } from "./virtual/one-bad.ts";
import { outage } from "./virtual/outage.ts";
import { overload } from "./virtual/overload.ts";

type Scenarios = Readonly<Record<string, () => AsyncGenerator<Figure>>>;

const worlds: Readonly<Record<string, Scenarios>> = {
  virtual: { "one-bad": oneBad, outage, overload, limits, chaos: thousands },
  real: {
    killed,
    "one-bad": realOneBad,
    outage: realOutage,
    overload: realOverload,
    "two-workers": twoWorkers,
    limits: realLimits,
    reloads,
    "slow-clients": slowClients,
  },
};

/** @param args a world, and names of its scenarios; default all of both */
export async function* figures(args: readonly string[]): AsyncGenerator<Figure> {
  const names = args.filter((arg) => !(arg in worlds));
  const known = new Set(Object.values(worlds).flatMap((scenarios) => Object.keys(scenarios)));
  for (const name of names)
    if (!known.has(name)) throw new RangeError(`no scenario "${name}"; there are ${[...known].join(", ")}`);
  for (const [world, scenarios] of Object.entries(worlds)) {
    if (args.length > names.length && !args.includes(world)) continue;
    for (const [name, scenario] of Object.entries(scenarios))
      if (names.length === 0 || names.includes(name)) yield* scenario();
  }
}

/** Thousands of seeded schedules, and what they cost: policies that are slow to play would be played seldom. */
async function* thousands(): AsyncGenerator<Figure> {
  const before = process.cpuUsage();
  yield* chaos(2_000);
  const { user, system } = process.cpuUsage(before);
  yield { name: "2,000 random schedules, played twice: CPU", value: (user + system) / 1e6, unit: "s" };
}

/** What threads must know together: the same with two of them. */
async function* twoWorkers(): AsyncGenerator<Figure> {
  yield* realOneBad(2);
  yield* realOutage(2);
  yield* reloads(2);
}
