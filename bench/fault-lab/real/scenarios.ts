import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";
import type { Figure } from "../../figure.ts";
import { labGateway, type Manner, manners, openLoop, origins, type Seen } from "./lab.ts";

/** kill -9 of one of three endpoints, two seconds into six at 1,000 requests a second. */
export async function* killed(): AsyncGenerator<Figure> {
  const run = async (manner: "ours" | "plain"): Promise<number> => {
    using stays = await origins(2);
    using dies = await origins(1);
    using gateway = await labGateway(manners([...stays.ports, ...dies.ports])[manner]);
    await openLoop(gateway.port, 200, 1);
    using _timer = systemClock.after(2_000, () => dies.kill());
    return (await openLoop(gateway.port, 1_000, 6)).failed;
  };
  yield {
    name: "processes: kill -9 of one of 3 at 1,000 rps: failed requests",
    value: await run("ours"),
    unit: "",
    peers: { "round robin": await run("plain") },
  };
}

/** One of eleven endpoints begins to take two seconds, at 300 requests a second. */
export async function* slowed(): AsyncGenerator<Figure> {
  const run = async (manner: "ours" | "plain"): Promise<number> => {
    using well = await origins(10);
    using ill = await origins(1);
    using gateway = await labGateway(manners([...well.ports, ...ill.ports])[manner]);
    await openLoop(gateway.port, 200, 2);
    ill.slow(2_000);
    const { tookMs, sent } = await openLoop(gateway.port, 300, 8);
    return (100 * tookMs.filter((ms) => ms < 1_000).length) / sent;
  };
  yield {
    name: "processes: one of 11 in 2 s: answers under 1 s",
    value: await run("ours"),
    unit: "%",
    peers: { "round robin": await run("plain") },
  };
}

const reloads = 1_000;

/**
 * A thousand changed files under load and fifty WebSockets: every file with other routes, every tenth with another set
 * of endpoints.
 */
export async function* reloaded(): AsyncGenerator<Figure> {
  using two = await origins(2);
  const changed = (i: number): Manner => {
    const { ours } = manners(i % 10 === 0 ? two.ports : two.ports.slice(0, 1));
    return {
      ...ours,
      gateway: { ...ours.gateway, transport: "engine" },
      routes: { ...ours.routes, [`/r${i % 50}/*`]: { service: "users", timeout: `${1 + (i % 9)}s` } },
    };
  };
  using gateway = await labGateway(changed(0));
  const sockets = await Promise.all(Array.from({ length: webSockets }, () => webSocket(gateway.port)));
  const load = openLoop(gateway.port, 300, 12);
  let early = 0;
  let late = 0;
  for (let i = 1; i <= reloads; i++) {
    late = await gateway.adopt(changed(i));
    if (i === reloads / 5) early = late;
    await systemClock.sleep(8);
  }
  const { failed } = await load;
  yield { name: "processes: 1,000 reloads under load: failed requests", value: failed, unit: "" };
  const alive = await Promise.all(sockets.map(echoes));
  for (const socket of sockets) socket.destroy();
  yield {
    name: "processes: 1,000 reloads under load: WebSockets alive",
    value: (100 * alive.filter(Boolean).length) / webSockets,
    unit: "%",
  };
  yield {
    name: "processes: 1,000 reloads under load: heap grown since the 200th",
    value: (late - early) / 1_048_576,
    unit: "MiB",
  };
}

const webSockets = 50;

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

const slowClients = 1_000;

/** A thousand clients that send their head byte by byte; what the others feel of it. By turns, the best of four. */
export async function* dribbled(): AsyncGenerator<Figure> {
  using well = await origins(2);
  using gateway = await labGateway(manners(well.ports).ours);
  await openLoop(gateway.port, 300, 2);
  let alone = Number.POSITIVE_INFINITY;
  let beside = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    alone = Math.min(alone, p99(await openLoop(gateway.port, 200, 3)));
    using _crowd = await crowd(gateway.port);
    beside = Math.min(beside, p99(await openLoop(gateway.port, 200, 3)));
  }
  yield {
    name: "processes: 1,000 slow clients: p99 of the others",
    value: beside / alone,
    unit: "× alone",
  };
}

/** Clients that ask five times what they may, within the window that begins with the first. */
export async function* limited(): AsyncGenerator<Figure> {
  using well = await origins(1);
  const { ours } = manners(well.ports);
  const routes = { "/*": { service: "users", rate_limit: { requests: 200, window: "1m" } } };
  using gateway = await labGateway({ ...ours, routes });
  const { statuses } = await openLoop(gateway.port, 250, 4);
  yield {
    name: "processes: rate limit: distance from the limit",
    value: Math.abs((statuses.get(200) ?? 0) - 200),
    unit: "",
  };
}

async function crowd(port: number): Promise<Disposable> {
  const sockets = await Promise.all(Array.from({ length: slowClients }, () => opened(port)));
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

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });
}

function p99({ tookMs }: Seen): number {
  return tookMs[Math.floor(tookMs.length * 0.99)] ?? Number.POSITIVE_INFINITY;
}
