import type { Figure } from "../../figure.ts";
import { labGateway, type Manner, manners, openLoop, origins, slowHeads } from "./lab.ts";

const clients = 1_000;
const rounds = 20;
const secondsOfRound = 3;

/**
 * A thousand clients that send their head byte by byte; what the others feel of it. Two gateways alike are asked at the same
 * time and have the crowd by turns: what a shared machine does to one, it does to the other in the same moment.
 */
export async function* slowClients(): AsyncGenerator<Figure> {
  using well = await origins(2);
  const { ours, plain } = manners(well.ports);
  yield {
    name: "processes: 1,000 slow clients: p99 of the others",
    value: await felt(ours),
    unit: "× alone",
    peers: { "round robin": await felt(plain) },
  };
}

/** With the crowd through without it, in the median round. */
async function felt(manner: Manner): Promise<number> {
  using first = await labGateway(manner);
  using second = await labGateway(manner);
  const asked = () => Promise.all([p99(first.port), p99(second.port)]);
  await asked();
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const turn = round % 2 === 0;
    using _crowd = await slowHeads((turn ? first : second).port, clients);
    const [one, other] = await asked();
    ratios.push(turn ? one / other : other / one);
  }
  return ratios.sort((a, b) => a - b)[rounds / 2] ?? Number.POSITIVE_INFINITY;
}

async function p99(port: number): Promise<number> {
  const { tookMs } = await openLoop(port, 200, secondsOfRound);
  return tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}
