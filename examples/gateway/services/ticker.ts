/** A WebSocket (RFC 6455) that tells the time as long as somebody listens. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const server = createServer((_, response) => response.end("{}"));

server.on("upgrade", (request, socket) => {
  // RFC 6455 §4.2.2: proves that we read the request as a handshake.
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const tell = (): boolean => socket.write(frame(new Date().toISOString()));
  tell();
  const timer = setInterval(tell, 1_000);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => clearInterval(timer));
  // Whatever a client says, closing included, is answered with the end.
  socket.on("data", () => socket.end(Buffer.from([0x88, 0])));
});

server.listen(Number(process.env.PORT), "127.0.0.1");

/** A short text in one frame (RFC 6455 §5.2). */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, Buffer.byteLength(text)]), Buffer.from(text)]);
}
