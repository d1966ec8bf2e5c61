/** Clients that send the head of a request byte by byte, one every half second, and never end it. */
import type { Socket } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";
import { opened } from "./opened.ts";

const { PORT, COUNT } = process.env;
const everyMs = 500;
const head = "GET / HTTP/1.1\r\nHost: slow.test\r\nX-Slow: ";

const sockets = await Promise.all(Array.from({ length: Number(COUNT) }, () => opened(Number(PORT))));
// They know nothing of each other: no two speak at the same time.
for (const [n, socket] of sockets.entries())
  systemClock.after((everyMs * n) / sockets.length, () => drip(socket, 0));
process.send?.("connected");

function drip(socket: Socket, at: number): void {
  socket.write(head[at] ?? "x");
  systemClock.after(everyMs, () => drip(socket, at + 1));
}
