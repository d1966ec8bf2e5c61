import type { Figure } from "../../figure.ts";
import {
  type Manner,
  ours,
  play,
  roundRobin,
  type Schedule,
  type Service,
  type Told,
  well,
} from "./world.ts";

/** Eleven endpoints, 1,000 requests a second for a minute; number 0 misbehaves from second 15 to 45. */
const misbehaves = (nowMs: number): boolean => nowMs >= 15_000 && nowMs < 45_000;

const slow: Service = (endpoint, nowMs, random) =>
  endpoint === 0 && misbehaves(nowMs) ? { answerMs: 2_000, ok: true } : well(random);
const failing: Service = (endpoint, nowMs, random) =>
  endpoint === 0 && misbehaves(nowMs) ? { answerMs: 1, ok: false } : well(random);

/** One endpoint among eleven that is slow, or fails fast. The worst of the seeds counts. */
export async function* oneBad(): AsyncGenerator<Figure> {
  const seeds = [1, 2, 3];
  const once = { retries: 0 };
  const every = (service: Service, manner: Manner, judge: (told: Told) => number): Promise<number[]> =>
    each(seeds, service, manner, judge);
  yield {
    name: "one of 11 in 2 s: answers under 1 s",
    value: Math.min(...(await every(slow, ours, underSecond))),
    unit: "%",
    peers: { "round robin": Math.min(...(await every(slow, roundRobin, underSecond))) },
  };
  yield {
    name: "one of 11 failing fast, without retries: errors",
    value: Math.max(...(await every(failing, { ...ours, ...once }, errors))),
    unit: "%",
    peers: {
      "round robin": Math.max(...(await every(failing, { ...roundRobin, ...once }, errors))),
      "least request": Math.max(
        ...(await every(failing, { ...roundRobin, ...once, balance: "least_request" }, errors)),
      ),
    },
  };
  yield {
    name: "one of 11 failing fast, with one retry: errors",
    value: Math.max(...(await every(failing, ours, errors))),
    unit: "%",
    peers: {
      "round robin without retries": Math.max(...(await every(failing, { ...roundRobin, ...once }, errors))),
    },
  };
}

async function each(
  seeds: readonly number[],
  service: Service,
  manner: Manner,
  judge: (told: Told) => number,
): Promise<number[]> {
  const found: number[] = [];
  for (const seed of seeds) found.push(judge(await play(scheduleOf(seed, service), manner)));
  return found;
}

function scheduleOf(seed: number, service: Service): Schedule {
  return { seed, endpoints: 11, perSecond: 1_000, seconds: 60, service };
}

function underSecond({ seen }: Told): number {
  return (100 * seen.filter(({ ok, tookMs }) => ok && tookMs < 1_000).length) / seen.length;
}

function errors({ seen }: Told): number {
  return (100 * seen.filter(({ ok }) => !ok).length) / seen.length;
}
