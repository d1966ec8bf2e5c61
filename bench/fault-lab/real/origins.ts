/** Child process: `COUNT` servers on free ports. The parent may make them slow. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../../src/kernel/index.ts";

let answerMs = 0;

const servers = Array.from({ length: Number(process.env.COUNT ?? 1) }, () =>
  createServer((_, response) => {
    if (answerMs === 0) return response.end("{}");
    systemClock.after(answerMs, () => response.end("{}"));
  }).on("upgrade", (_, socket) => {
    // Whoever changes the protocol hears what he says.
    socket.on("error", () => {});
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.pipe(socket);
  }),
);
const ports = await Promise.all(servers.map(listen));
process.on("message", (message) => {
  if (typeof message === "object" && message !== null && "answerMs" in message)
    answerMs = Number(message.answerMs);
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ports });

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
