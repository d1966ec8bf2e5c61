import type { Figure } from "../../figure.ts";
import {
  inWords,
  labGateway,
  type Manner,
  manners,
  openLoop,
  origins,
  roundRobin,
  type Seen,
  type Tally,
} from "./lab.ts";

const endpoints = 11;
const perSecond = 300;
const outageSeconds = 10;
/** Three retries: what makes a storm of an outage. */
const retries = 3;

/** Every endpoint fails at once for ten seconds, then all are well again. */
export async function* outage(workers: 1 | 2 = 1): AsyncGenerator<Figure> {
  const guarded = await run((ports) => labGateway({ ...manners(ports, { retries }).ours, workers }));
  const budgetOnly = await run((ports) => labGateway({ ...unguarded(ports), workers }));
  const storm = await run((ports) => roundRobin(ports, retries));
  yield {
    name: `processes: total outage${inWords(workers)}: upstream load over offered + 10/s`,
    value: guarded.load,
    unit: "×",
    peers: { "round robin, 3 retries": storm.load },
  };
  yield {
    name: `processes: total outage, no breakers${inWords(workers)}: upstream load over offered + 10/s`,
    value: budgetOnly.load,
    unit: "×",
    peers: { "round robin, 3 retries": storm.load },
  };
  yield {
    name: `processes: total outage${inWords(workers)}: full traffic after the first good probe`,
    value: guarded.recoverySeconds,
    unit: "s",
    peers: { "round robin, which never stopped": storm.recoverySeconds },
  };
}

/** Everything by default but the breakers: the budget of retries stands alone. */
function unguarded(ports: readonly number[]): Manner {
  return { ...manners(ports, { retries }).ours, breaker: false };
}

type Start = (ports: readonly number[]) => Promise<Disposable & { readonly port: number }>;

async function run(start: Start): Promise<{ readonly load: number; readonly recoverySeconds: number }> {
  using all = await origins(endpoints);
  using front = await start(all.ports);
  await openLoop(front.port, perSecond, 2);
  await all.tell({ failing: true });
  const during = await openLoop(front.port, perSecond, outageSeconds);
  const reached = await all.tell({ failing: false });
  const after = await openLoop(front.port, perSecond, outageSeconds);
  return { load: loadOf(during, reached), recoverySeconds: recoveryOf(after, await all.tell({})) };
}

/** What reached the service in the outage, less ten a second, divided by what clients sent. */
function loadOf({ sent }: Seen, { arrived }: Tally): number {
  return Math.max(0, arrived.reduce((sum, count) => sum + count, 0) - 10 * outageSeconds) / sent;
}

/** From the first request that reached a healthy endpoint until none fails any more and all take their share again. */
function recoveryOf({ lastFailureMs }: Seen, { firstMs }: Tally): number {
  const back = firstMs.map((ms) => ms ?? Number.POSITIVE_INFINITY);
  return (Math.max(lastFailureMs, ...back) - Math.min(...back)) / 1_000;
}
