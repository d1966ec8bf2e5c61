import type { Figure } from "../../figure.ts";
import { type Manner, ours, play, roundRobin, type Told, well } from "./world.ts";

const endpoints = 11;
const perSecond = 500;
const fromMs = 10_000;
const toMs = 40_000;

/** Every endpoint fails for half a minute, then all are well again. */
export async function* outage(seeds: readonly number[] = [4, 5, 6]): AsyncGenerator<Figure> {
  const run = (seed: number, manner: Manner): Promise<Told> =>
    play(
      {
        seed,
        endpoints,
        perSecond,
        seconds: 60,
        service: (_, nowMs, random) =>
          nowMs >= fromMs && nowMs < toMs ? { answerMs: 2, ok: false } : well(random),
      },
      manner,
    );
  // Three retries: what makes a storm of an outage.
  const guarded: Manner = { ...ours, retries: 3 };
  const budgetOnly: Manner = { ...guarded, cluster: {} };
  const storm: Manner = { ...roundRobin, retries: 3 };
  const loads = { ours: 0, budget: 0, storm: 0 };
  let recovery = 0;
  for (const seed of seeds) {
    const told = await run(seed, guarded);
    loads.ours = Math.max(loads.ours, overload(told));
    loads.budget = Math.max(loads.budget, overload(await run(seed, budgetOnly)));
    recovery = Math.max(recovery, recoveryMs(told));
  }
  loads.storm = overload(await run(seeds[0] ?? 0, storm));
  yield {
    name: "total outage: upstream load over offered + 10/s",
    value: loads.ours,
    unit: "×",
    peers: { "round robin, 3 retries": loads.storm },
  };
  yield {
    name: "total outage, no breakers: upstream load over offered + 10/s",
    value: loads.budget,
    unit: "×",
    peers: { "round robin, 3 retries": loads.storm },
  };
  yield { name: "total outage: full traffic after the first good probe", value: recovery / 1_000, unit: "s" };
}

/** What reached the service in the outage, less ten a second, divided by what clients sent. */
function overload({ arrivals, seen }: Told): number {
  const seconds = (toMs - fromMs) / 1_000;
  const during = arrivals.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
  const offered = seen.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length;
  return Math.max(0, during - 10 * seconds) / offered;
}

/**
 * From the first request that reached a healthy endpoint until no request fails any more and all endpoints take their
 * share again; milliseconds.
 */
function recoveryMs({ seen, arrivals }: Told): number {
  const after = arrivals.filter(({ atMs }) => atMs >= toMs);
  const firstMs = after[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const lastBadMs = Math.max(...seen.filter(({ ok }) => !ok).map(({ atMs, tookMs }) => atMs + tookMs));
  const back = new Map<number, number>();
  for (const { endpoint, atMs } of after) if (!back.has(endpoint)) back.set(endpoint, atMs);
  if (back.size < endpoints) return Number.POSITIVE_INFINITY;
  return Math.max(lastBadMs, ...back.values()) - firstMs;
}
