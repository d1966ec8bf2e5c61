import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameCutter, hello, rawFrame } from "../../test/support/http2-peer.ts";
import type { Figure } from "../figure.ts";
import { residentMegabytesOf } from "../load/process-cost.ts";
import { Pair } from "./pair.ts";

/** `:method` POST, `:scheme` http, `:path` of a method that is not there, `:authority` a, `content-type` of gRPC. */
const call = rawFrame(
  1,
  5,
  1,
  Buffer.concat([
    Buffer.from("838644042f612f62410161", "hex"),
    Buffer.from([0x5f, 16]),
    Buffer.from("application/grpc"),
  ]),
);

/** All memory of a server that keeps so many connections, each of which has been used once. */
export async function idleMemory(count: number): Promise<Figure> {
  await using server = await Pair.serverOf("tusker");
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 100)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => used(server.port)))));
  const value = residentMegabytesOf(server.pid);
  for (const socket of sockets) socket.destroy();
  return { name: `memory of ${count} idle connections`, value, unit: "MiB" };
}

/** A connection on which a call has been answered. */
async function used(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.write(Buffer.concat([hello, rawFrame(4, 1, 0), call]));
  const cutter = new FrameCutter();
  for (;;) {
    const [bytes] = await once(socket, "data");
    if (cutter.push(bytes).some(({ id, flags }) => id === 1 && (flags & 1) !== 0)) return socket;
  }
}
