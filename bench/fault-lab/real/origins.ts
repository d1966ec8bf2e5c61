/** Child process: `COUNT` servers on free ports. The parent says how they behave, and asks what reached them. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom, systemClock } from "../../../src/kernel/index.ts";
import type { Behaviour, Tally } from "./lab.ts";

const random = seededRandom(8);
let now: Behaviour = { answerMs: 0, failing: false, workers: 0 };

const servers = Array.from({ length: Number(process.env.COUNT ?? 1) }, (_, number) =>
  createServer((_request, response) => {
    arrived[number] = (arrived[number] ?? 0) + 1;
    firstMs[number] ??= systemClock.wall();
    answer(response);
  }).on("upgrade", (_request, socket) => {
    // Whoever changes the protocol hears what he says.
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.pipe(socket);
  }),
);
let arrived = servers.map(() => 0);
let firstMs: (number | null)[] = servers.map(() => null);

const ports = await Promise.all(servers.map(listen));
process.on("message", (order: Partial<Behaviour>) => {
  now = { ...now, ...order };
  const tally: Tally = { arrived, firstMs };
  arrived = servers.map(() => 0);
  firstMs = servers.map(() => null);
  process.send?.(tally);
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ports });

function answer(response: ServerResponse): void {
  if (now.failing) {
    response.statusCode = 503;
    response.end();
  } else if (now.workers > 0) work(response);
  else if (now.answerMs === 0) response.end("{}");
  else systemClock.after(now.answerMs, () => response.end("{}"));
}

/** Requests that found every worker busy, first come, first served. */
const waiting = new Set<ServerResponse>();
let busy = 0;

/** A worker takes between half of `answerMs` and one and a half of it. */
function work(response: ServerResponse): void {
  // Whoever went away is not worked for.
  response.once("close", () => waiting.delete(response));
  if (busy >= now.workers) {
    waiting.add(response);
    return;
  }
  busy++;
  systemClock.after(now.answerMs * (0.5 + random.next()), () => {
    response.end("{}");
    busy--;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    work(next);
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
