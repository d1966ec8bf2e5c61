import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Figure } from "../figure.ts";
import { wrk } from "../gateway/wrk.ts";
import { residentMegabytesOf, threadMicrosOf } from "../load/process-cost.ts";

const rounds = 5;
const seconds = 1;
const requests = 20_000;

/**
 * The HTTP/1.1 engine by itself: CPU of a server that answers JSON and of a client that asks for it, beside what Node
 * brings; and the memory of connections that do nothing, or take nothing. Least of several interleaved rounds.
 */
export async function* figures(): AsyncGenerator<Figure> {
  yield* serverCosts();
  yield* clientCosts();
  yield await idleMemory(10_000);
  yield await slowReaders(64);
}

async function* serverCosts(): AsyncGenerator<Figure> {
  await using stack = new AsyncDisposableStack();
  const runners = [];
  for (const kind of ["engine", "engine, promises", "node:http"])
    runners.push({ kind, server: stack.use(await startServer(kind)), micros: Number.POSITIVE_INFINITY });
  // The first round warms up.
  for (let round = 0; round <= rounds; round++)
    for (const runner of runners) {
      const { pid, port } = runner.server;
      const before = threadMicrosOf(pid);
      const { requests: answered, failures } = await wrk(port, "/", seconds);
      if (failures > 0) throw new Error(`${runner.kind}: ${failures} of ${answered} requests failed`);
      if (round > 0) runner.micros = Math.min(runner.micros, (threadMicrosOf(pid) - before) / answered);
    }
  yield* besideLast("server", runners);
}

async function* clientCosts(): AsyncGenerator<Figure> {
  await using server = await startServer("engine");
  const runners = ["engine", "engine, promises", "undici Pool"].map((kind) => ({
    kind,
    micros: Number.POSITIVE_INFINITY,
  }));
  for (let round = 0; round < rounds; round++)
    for (const runner of runners) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...[join(import.meta.dirname, "client.ts"), runner.kind, String(server.port), String(requests)],
      ]);
      runner.micros = Math.min(runner.micros, Number(stdout));
    }
  yield* besideLast("client", runners);
}

function* besideLast(
  what: string,
  runners: readonly { readonly kind: string; readonly micros: number }[],
): Generator<Figure> {
  const peer = runners.at(-1);
  for (const { kind, micros } of runners.slice(0, -1))
    yield {
      name: `${what}, ${kind}`,
      value: micros,
      unit: "µs CPU",
      peers: peer === undefined ? {} : { [peer.kind]: peer.micros },
    };
}

/** All memory of a server that keeps so many connections, each of which has been used once. */
async function idleMemory(count: number): Promise<Figure> {
  await using server = await startServer("engine");
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 100)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => asked(server.port, "/")))));
  const value = residentMegabytesOf(server.pid);
  for (const socket of sockets) socket.destroy();
  return { name: `memory of ${count} idle connections`, value, unit: "MiB" };
}

/** What clients that ask for 1 MiB and take none of it add to what as many cost that take all of it. */
async function slowReaders(count: number): Promise<Figure> {
  await using server = await startServer("engine, promises");
  for (let round = 0; round < 3; round++)
    await Promise.all(Array.from({ length: count }, () => taken(server.port, "/1m")));
  const before = residentMegabytesOf(server.pid);
  const sockets = await Promise.all(Array.from({ length: count }, () => asked(server.port, "/1m")));
  const value = residentMegabytesOf(server.pid) - before;
  for (const socket of sockets) socket.destroy();
  return { name: `growth by ${count} slow readers of 1 MiB`, value, unit: "MiB" };
}

/** Asks and takes everything. */
async function taken(port: number, path: string): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  socket.resume();
  await once(socket, "close");
}

/** A connection on which the first bytes of an answer have come; nothing more is read. */
async function asked(port: number, path: string): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  await once(socket, "data");
  socket.pause();
  return socket;
}

interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

async function startServer(kind: string): Promise<ServerProcess> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, "server.ts"), kind], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error(`the server "${kind}" did not start`);
  const [line] = await once(stdout, "data");
  return {
    pid,
    port: Number(String(line)),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}
