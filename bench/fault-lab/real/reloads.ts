import { once } from "node:events";
import type { Socket } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";
import type { Figure } from "../../figure.ts";
import { inWords, labGateway, type Manner, manners, openLoop, origins, type sides } from "./lab.ts";
import { opened } from "./opened.ts";

const count = 1_000;
const webSockets = 50;

/**
 * A thousand changed files under load and fifty WebSockets: every file with other routes, every tenth with another set
 * of endpoints.
 */
export async function* reloads(workers: 1 | 2 = 1): AsyncGenerator<Figure> {
  const ours = await run("ours", workers);
  const plain = await run("plain", workers);
  yield {
    name: `processes: 1,000 reloads under load${inWords(workers)}: failed requests`,
    value: ours.failed,
    unit: "",
    peers: { "round robin": plain.failed },
  };
  yield {
    name: `processes: 1,000 reloads under load${inWords(workers)}: WebSockets alive`,
    value: ours.alive,
    unit: "%",
    peers: { "round robin": plain.alive },
  };
  // Threads have heaps of their own, which the process does not see.
  if (workers > 1) return;
  yield {
    name: "processes: 1,000 reloads under load: heap grown since the 200th",
    value: ours.grownMiB,
    unit: "MiB",
    peers: { "round robin": plain.grownMiB },
  };
}

interface Outcome {
  readonly failed: number;
  readonly alive: number;
  readonly grownMiB: number;
}

async function run(side: (typeof sides)[number], workers: number): Promise<Outcome> {
  using two = await origins(2);
  const changed = (i: number): Manner => {
    const manner = manners(i % 10 === 0 ? two.ports : two.ports.slice(0, 1))[side];
    return {
      ...manner,
      workers,
      routes: { ...manner.routes, [`/r${i % 50}/*`]: { service: "users", timeout: `${1 + (i % 9)}s` } },
    };
  };
  using gateway = await labGateway(changed(0));
  const sockets = await Promise.all(Array.from({ length: webSockets }, () => webSocket(gateway.port)));
  const load = openLoop(gateway.port, 300, 12);
  let early = 0;
  let late = 0;
  for (let i = 1; i <= count; i++) {
    late = await gateway.adopt(changed(i));
    if (i === count / 5) early = late;
    await systemClock.sleep(8);
  }
  const { failed } = await load;
  const alive = await Promise.all(sockets.map(echoes));
  for (const socket of sockets) socket.destroy();
  return {
    failed,
    alive: (100 * alive.filter(Boolean).length) / webSockets,
    grownMiB: (late - early) / 1_048_576,
  };
}

async function webSocket(port: number): Promise<Socket> {
  const socket = await opened(port);
  socket.write("GET / HTTP/1.1\r\nHost: lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  const [head] = await once(socket, "data");
  if (String(head).startsWith("HTTP/1.1 101 ")) return socket;
  throw new Error(`the gateway did not change the protocol: ${String(head).slice(0, 60)}`);
}

/** True when what is said comes back. */
async function echoes(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return false;
  const heard = Promise.race([once(socket, "data"), once(socket, "close")]);
  socket.write("still there");
  return String((await heard)[0]) === "still there";
}
