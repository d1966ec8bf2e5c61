import type { Figure } from "../../figure.ts";
import { labGateway, type Manner, openLoop, origins, type Seen } from "./lab.ts";

/** A service of 40 workers that take 80 ms on average: 500 answers a second, the rest queues in front of them. */
const workers = 40;
const answerMs = 80;
const capacity = (workers * 1_000) / answerMs;
/** Clients give up after this; what comes later helps nobody. */
const patienceMs = 1_000;
/** A fifth of the requests are of high priority. */
const highShare = 0.2;
/** The limit has to find itself first. */
const warmSeconds = 6;
const seconds = 8;

/** Three times what the service can do, with the adaptive limit and beside plain round robin without any. */
export async function* overload(): AsyncGenerator<Figure> {
  const unloaded = await run(mannerOf({ adaptive: true }), 0.5);
  const limited = await run(mannerOf({ adaptive: true, max_queued: 8 }), 3);
  const bare = await run(mannerOf({ balance: "round_robin", max_in_flight: 100_000 }), 3);
  yield {
    name: "processes: 3× overload, adaptive limit: goodput over capacity",
    value: goodput(limited),
    unit: "%",
    peers: { "round robin without a limit": goodput(bare) },
  };
  yield {
    name: "processes: 3× overload, adaptive limit: p99 of admitted over unloaded",
    value: p99(limited) / p99(unloaded),
    unit: "×",
    peers: { "round robin without a limit": p99(bare) / p99(unloaded) },
  };
  yield {
    name: "processes: 3× overload, adaptive limit: of high priority answered",
    value: answered(limited.high),
    unit: "%",
    peers: {
      "of low priority": answered(limited.low),
      "round robin without a limit": answered(bare.high),
    },
  };
}

interface Crowd {
  readonly high: Seen;
  readonly low: Seen;
}

function mannerOf(users: object): (ports: readonly number[]) => Manner {
  return (ports) => ({
    gateway: {
      max_connections: 5_000,
      upstreams: { users: { endpoints: ports.map((port) => `127.0.0.1:${port}`), ...users } },
    },
    routes: {
      "/high": { service: "users", priority: "high", retries: 0 },
      "/low": { service: "users", priority: "low", retries: 0 },
    },
    breaker: true,
  });
}

async function run(manner: (ports: readonly number[]) => Manner, load: number): Promise<Crowd> {
  using service = await origins(1);
  await service.tell({ workers, answerMs });
  using gateway = await labGateway(manner(service.ports));
  const ask = (path: string, share: number): Promise<Seen> =>
    openLoop(gateway.port, load * capacity * share, warmSeconds + seconds, {
      path,
      connections: 4_000,
      warmSeconds,
    });
  const [high, low] = await Promise.all([ask("/high", highShare), ask("/low", 1 - highShare)]);
  return { high, low };
}

/** Answers in time, of what the service can do; %. */
function goodput({ high, low }: Crowd): number {
  const inTime = [...high.tookMs, ...low.tookMs].filter((ms) => ms <= patienceMs).length;
  return (100 * inTime) / (seconds * capacity);
}

function p99({ high, low }: Crowd): number {
  const tookMs = [...high.tookMs, ...low.tookMs].sort((a, b) => a - b);
  return tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}

/** Answered in time; %. */
function answered({ tookMs, sent }: Seen): number {
  return (100 * tookMs.filter((ms) => ms <= patienceMs).length) / sent;
}
