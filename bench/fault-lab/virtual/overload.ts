import { manualClock, type Random, seededRandom } from "../../../src/kernel/index.ts";
import { type Bulkhead, bulkhead, gradient } from "../../../src/resilience/index.ts";
import type { Figure } from "../../figure.ts";
import { gap, quantile, settled } from "./world.ts";

/** A service of 40 workers that each take 20 ms: 2,000 answers a second, the rest queues in front of them. */
const workers = 40;
const workMs = 20;
const capacity = (workers * 1_000) / workMs;
/** Clients give up after this; what comes later helps nobody. */
const patienceMs = 1_000;

interface Run {
  /** Answers in time, a second. */
  readonly goodput: number;
  readonly p99: number;
}

/** Three times what the service can do, with and without the adaptive limit. */
export async function* overload(seconds = 60): AsyncGenerator<Figure> {
  const unloaded = await run(seconds, 0.5, undefined);
  const limited = await run(seconds, 3, true);
  const bare = await run(seconds, 3, undefined);
  yield {
    name: "3× overload, adaptive limit: goodput over capacity",
    value: (100 * limited.goodput) / capacity,
    unit: "%",
    peers: { "without a limit": (100 * bare.goodput) / capacity },
  };
  yield {
    name: "3× overload, adaptive limit: p99 of admitted over unloaded",
    value: limited.p99 / unloaded.p99,
    unit: "×",
    peers: { "without a limit": bare.p99 / unloaded.p99 },
  };
}

/** The last two thirds count: the limit has to find itself first. */
async function run(seconds: number, load: number, limited: true | undefined): Promise<Run> {
  const clock = manualClock();
  const random = seededRandom(8);
  const adaptive = gradient({}, clock);
  const gate =
    limited === undefined
      ? undefined
      : bulkhead({ limit: () => adaptive.limit, maxQueued: 0, maxWaitMs: 1 }, clock);
  const service = serviceOf((ms) => clock.sleep(ms), random);
  const took: number[] = [];
  let nextMs = 0;
  const ask = async (gateNow: Bulkhead | undefined): Promise<void> => {
    const atMs = clock.now();
    if (gateNow !== undefined && gateNow.enter("normal") !== "entered") return;
    const inFlight = gateNow?.inFlight ?? 0;
    await service();
    const ms = clock.now() - atMs;
    gateNow?.leave();
    adaptive.observe(ms, inFlight);
    if (atMs > (seconds * 1_000) / 3) took.push(ms);
  };
  while (clock.now() < seconds * 1_000) {
    clock.advance(1);
    for (; nextMs <= clock.now(); nextMs += gap(random, capacity * load)) void ask(gate);
    await settled();
  }
  const inTime = took.filter((ms) => ms <= patienceMs).length;
  return { goodput: inTime / ((seconds * 2) / 3), p99: quantile(took, 0.99) };
}

/** First come, first served by a fixed number of workers. */
function serviceOf(sleep: (ms: number) => Promise<void>, random: Random): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let head = 0;
  let free = workers;
  return async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    await sleep(workMs * (0.5 + random.next()));
    const next = waiting[head];
    if (next === undefined) free++;
    else {
      head++;
      next();
    }
  };
}
