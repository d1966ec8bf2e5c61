import type { Figure } from "../../figure.ts";
import {
  type Behaviour,
  inWords,
  labGateway,
  manners,
  openLoop,
  origins,
  type Seen,
  type sides,
} from "./lab.ts";

type Side = (typeof sides)[number];

/** One of eleven endpoints begins to take two seconds, or to fail at once. */
export async function* oneBad(workers: 1 | 2 = 1): AsyncGenerator<Figure> {
  const run = inThreads(workers);
  const slow = (side: Side): Promise<number> => run(side, { answerMs: 2_000 }, {}, 300).then(underSecond);
  yield {
    name: `processes: one of 11 in 2 s${inWords(workers)}: answers under 1 s`,
    value: await slow("ours"),
    unit: "%",
    peers: { "round robin": await slow("plain") },
  };
  const failing = (side: Side, retries: number): Promise<number> =>
    run(side, { failing: true }, { retries }, 500).then(errors);
  const bare = await failing("plain", 0);
  yield {
    name: `processes: one of 11 failing fast, without retries${inWords(workers)}: errors`,
    value: await failing("ours", 0),
    unit: "%",
    peers: { "round robin": bare },
  };
  yield {
    name: `processes: one of 11 failing fast, with one retry${inWords(workers)}: errors`,
    value: await failing("ours", 1),
    unit: "%",
    peers: { "round robin without retries": bare },
  };
}

type Run = (side: Side, ill: Partial<Behaviour>, route: object, perSecond: number) => Promise<Seen>;

function inThreads(workers: number): Run {
  return async (side, ill, route, perSecond) => {
    using well = await origins(10);
    using one = await origins(1);
    using gateway = await labGateway({ ...manners([...well.ports, ...one.ports], route)[side], workers });
    await openLoop(gateway.port, 200, 2);
    await one.tell(ill);
    return await openLoop(gateway.port, perSecond, 8);
  };
}

function underSecond({ tookMs, sent }: Seen): number {
  return (100 * tookMs.filter((ms) => ms < 1_000).length) / sent;
}

function errors({ failed, sent }: Seen): number {
  return (100 * failed) / sent;
}
