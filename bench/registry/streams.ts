import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../src/kernel/index.ts";
import type { Figure } from "../figure.ts";
import { httpLoad, requestBytes } from "../load/http-load.ts";
import { cpuMicrosOf, residentMegabytesOf } from "../load/process-cost.ts";
import { startAll } from "./contestants.ts";
import { registerRequest } from "./requests.ts";

const readers = 5_000;
const changes = 10;

/** Five thousand readers of one service's delta stream. Nobody else has one. */
export async function* streams(): AsyncGenerator<Figure> {
  await using contestants = await startAll();
  const ours = contestants.all.find(({ name }) => name === "ours");
  if (ours === undefined) return;
  await send(ours.port, registerRequest("streamed", "s", 0));
  const idle = residentMegabytesOf(ours.pid);
  const latencies: number[] = [];
  let changedAt = 0;
  let heard = 0;
  let all = Promise.withResolvers<void>();
  const hear = (): void => {
    latencies.push(systemClock.now() - changedAt);
    if (++heard % readers === 0) all.resolve();
  };
  const sockets: Socket[] = [];
  // A few at a time: a listen queue holds some hundreds.
  while (sockets.length < readers)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => follow(ours.port, hear)))));
  const perReader = ((residentMegabytesOf(ours.pid) - idle) * 1024) / readers;
  const before = cpuMicrosOf(ours.pid);
  for (let n = 1; n <= changes; n++) {
    all = Promise.withResolvers();
    changedAt = systemClock.now();
    await send(ours.port, registerRequest("streamed", "s", n));
    await all.promise;
  }
  const cpuMicros = (cpuMicrosOf(ours.pid) - before) / (readers * changes);
  for (const socket of sockets) socket.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  yield { name: "a change on 5,000 delta streams, p99", unit: "ms", value: p99 };
  yield { name: "a change on a delta stream", unit: "µs CPU", value: cpuMicros };
  yield { name: "memory of a reader of a delta stream", unit: "KiB", value: perReader };
}

async function send(port: number, request: Buffer): Promise<void> {
  const left = [request];
  const { refused } = await httpLoad({ port, connections: 1, next: () => left.pop() });
  if (refused > 0) throw new Error("a registration was refused");
}

/** What all readers read into: a piece is looked at before the next one comes. */
const lent = Buffer.allocUnsafeSlow(64 * 1024);
const crLf = 0x0d0a;
const [snapshot, delta] = [Buffer.from("event: snapshot"), Buffer.from("event: delta")];

/**
 * Resolves when the first state is there; every change from then on is told. It costs as little as it can: on a machine
 * of two cores five thousand readers must not be what is measured.
 */
async function follow(port: number, hear: () => void): Promise<Socket> {
  const begun = Promise.withResolvers<void>();
  let last = "";
  const take = (size: number): boolean => {
    const piece = lent.subarray(0, size);
    // One whole chunk with one frame is what nearly always comes.
    const at = last === "" && piece.readUInt16BE(size - 2) === crLf ? piece.indexOf(delta) : -1;
    if (at >= 0 && piece.indexOf(delta, at + delta.length) < 0) {
      hear();
      return true;
    }
    // A frame is small and may still come in two pieces, or with another one.
    const text = last + piece.toString("latin1");
    if (text.includes(snapshot.toString())) begun.resolve();
    const deltas = text.split(delta.toString()).length - 1;
    for (let n = 0; n < deltas; n++) hear();
    const behind = deltas > 0 ? text.lastIndexOf(delta.toString()) + delta.length : 0;
    last = text.slice(Math.max(behind, text.length - delta.length));
    return true;
  };
  const socket = connect({ port, host: "127.0.0.1", onread: { buffer: lent, callback: take } });
  await once(socket, "connect");
  socket.on("error", begun.reject);
  socket.write(requestBytes("GET", "/v1/tusker/watch/service/streamed"));
  await begun.promise;
  return socket;
}
