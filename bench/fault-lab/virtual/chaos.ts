import { type Random, seededRandom } from "../../../src/kernel/index.ts";
import type { Figure } from "../../figure.ts";
import { type Manner, ours, play, roundRobin, type Service, type Told, well } from "./world.ts";

interface Fault {
  readonly endpoint: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: "slow" | "fails" | "flaps" | "hangs";
}

/**
 * Random schedules: three to eight endpoints, of which at most a third misbehave at any time, in one of four
 * ways. The share of requests that came to a good end within a second, over all and at worst.
 */
export async function* chaos(schedules: number): AsyncGenerator<Figure> {
  const total = { ours: 0, plain: 0, asked: 0 };
  let worst = 100;
  for (let seed = 1; seed <= schedules; seed++) {
    const own = await one(seed, ours);
    const good = goodOf(own);
    total.asked += own.seen.length;
    total.ours += good;
    total.plain += goodOf(await one(seed, roundRobin));
    worst = Math.min(worst, (100 * good) / own.seen.length);
  }
  yield {
    name: "random schedules: good within 1 s",
    value: (100 * total.ours) / total.asked,
    unit: "%",
    peers: { "round robin": (100 * total.plain) / total.asked },
  };
  yield { name: "random schedules: good within 1 s, the worst one", value: worst, unit: "%" };
}

function one(seed: number, manner: Manner): Promise<Told> {
  const random = seededRandom(seed * 7_919);
  const endpoints = 3 + random.below(6);
  const faults = Array.from({ length: Math.floor(endpoints / 3) }, (_, i) => faultOf(i, random));
  return play({ seed, endpoints, perSecond: 200, seconds: 2, service: serviceOf(faults) }, manner);
}

function faultOf(endpoint: number, random: Random): Fault {
  const fromMs = random.next() * 1_000;
  const kind = (["slow", "fails", "flaps", "hangs"] as const)[random.below(4)] ?? "slow";
  return { endpoint, fromMs, toMs: fromMs + random.next() * 1_500, kind };
}

function serviceOf(faults: readonly Fault[]): Service {
  return (endpoint, nowMs, random) => {
    const fault = faults.find(
      (each) => each.endpoint === endpoint && nowMs >= each.fromMs && nowMs < each.toMs,
    );
    if (fault === undefined) return well(random);
    switch (fault.kind) {
      case "slow":
        return { answerMs: 1_500, ok: true };
      case "fails":
        return { answerMs: 1, ok: false };
      case "flaps":
        return { answerMs: 5, ok: random.next() < 0.5 };
      case "hangs":
        return { answerMs: 1_200, ok: false };
      default:
        return fault.kind satisfies never;
    }
  };
}

function goodOf({ seen }: Told): number {
  return seen.filter(({ ok, tookMs }) => ok && tookMs < 1_000).length;
}
