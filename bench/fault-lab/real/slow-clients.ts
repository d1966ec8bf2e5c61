import { systemClock } from "../../../src/kernel/index.ts";
import type { Figure } from "../../figure.ts";
import { type LabGateway, labGateway, manners, opened, openLoop, origins, type Seen } from "./lab.ts";

const count = 1_000;
const rounds = 6;

/** A thousand clients that send their head byte by byte; what the others feel of it. By turns, the best of six. */
export async function* slowClients(): AsyncGenerator<Figure> {
  using well = await origins(2);
  const { ours, plain } = manners(well.ports);
  using front = await labGateway(ours);
  using turns = await labGateway(plain);
  const felt = [await feeling(front), await feeling(turns)];
  yield {
    name: "processes: 1,000 slow clients: p99 of the others",
    value: felt[0] ?? Number.POSITIVE_INFINITY,
    unit: "× alone",
    peers: { "round robin": felt[1] ?? Number.POSITIVE_INFINITY },
  };
}

async function feeling({ port }: LabGateway): Promise<number> {
  await openLoop(port, 300, 2);
  let alone = Number.POSITIVE_INFINITY;
  let beside = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    alone = Math.min(alone, p99(await openLoop(port, 200, 3)));
    using _crowd = await crowd(port);
    beside = Math.min(beside, p99(await openLoop(port, 200, 3)));
  }
  return beside / alone;
}

async function crowd(port: number): Promise<Disposable> {
  const sockets = await Promise.all(Array.from({ length: count }, () => opened(port)));
  const head = "GET / HTTP/1.1\r\nHost: slow.test\r\nX-Slow: ";
  let at = 0;
  let timer = systemClock.after(0, drip);
  function drip(): void {
    for (const socket of sockets) socket.write(head[at] ?? "x");
    at++;
    timer = systemClock.after(500, drip);
  }
  return {
    [Symbol.dispose]() {
      timer.cancel();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function p99({ tookMs }: Seen): number {
  return tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}
