import { createHash, hash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** Frames of RFC 6455 §5.2, as little of them as a service needs that echoes. */
export type Opcode = "continuation" | "text" | "binary" | "close" | "ping" | "pong";

const codes: Readonly<Record<Opcode, number>> = {
  ...{ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 },
};

export interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
}

/** A frame as it goes on the wire; with `mask` as a client must send it. */
export function frame(
  opcode: Opcode | number,
  payload: Uint8Array | string,
  { final = true, mask }: { readonly final?: boolean; readonly mask?: Uint8Array } = {},
): Buffer {
  const body = Buffer.from(payload);
  const code = typeof opcode === "number" ? opcode : codes[opcode];
  const size = body.length < 126 ? 0 : body.length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + size);
  head[0] = (final ? 0x80 : 0) | code;
  head[1] = (mask === undefined ? 0 : 0x80) | (size === 0 ? body.length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(body.length, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(body.length), 2);
  if (mask === undefined) return Buffer.concat([head, body]);
  return Buffer.concat([head, mask, masked(body, mask)]);
}

/** Payload of a close frame. */
export function closing(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

function masked(body: Buffer, mask: Uint8Array): Buffer {
  return Buffer.from(body.map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
}

/** Whole frames at the beginning of the bytes, and how many bytes they are. */
function framesIn(bytes: Buffer): { readonly frames: readonly Frame[]; readonly used: number } {
  const frames: Frame[] = [];
  let used = 0;
  for (;;) {
    const [first, second] = [bytes[used], bytes[used + 1]];
    if (first === undefined || second === undefined) return { frames, used };
    const short = second & 0x7f;
    const size = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskAt = used + 2 + size;
    const from = maskAt + (second & 0x80 ? 4 : 0);
    if (bytes.length < from) return { frames, used };
    const length =
      size === 0
        ? short
        : size === 2
          ? bytes.readUInt16BE(used + 2)
          : Number(bytes.readBigUInt64BE(used + 2));
    if (bytes.length < from + length) return { frames, used };
    const body = bytes.subarray(from, from + length);
    const payload = second & 0x80 ? masked(body, bytes.subarray(maskAt, from)) : Buffer.from(body);
    frames.push({ opcode: first & 0x0f, final: (first & 0x80) !== 0, payload });
    used = from + length;
  }
}

/** A service that speaks WebSocket, and remembers by its hash what every connection has sent it. */
export interface WebSocketService extends AsyncDisposable {
  readonly port: number;
  /** Of all bytes behind the head, one for each connection that has closed. */
  readonly received: readonly string[];
}

/**
 * Starts one. It echoes frame by frame, answers pings, sends `n` texts of its own on being told `push n`, closes with
 * a code on being told `close code`, and answers a close with the same.
 */
export async function startWebSocketService(): Promise<WebSocketService> {
  const sockets = new Set<Socket>();
  const received: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    const sum = createHash("sha256");
    let bytes: Buffer = Buffer.alloc(0);
    let open = false;
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      if (open) received.push(sum.digest("hex"));
    });
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!open) {
        const end = bytes.indexOf("\r\n\r\n");
        if (end < 0) return;
        open = true;
        socket.write(accepted(bytes.toString("latin1", 0, end)));
        bytes = bytes.subarray(end + 4);
        sum.update(bytes);
      } else sum.update(chunk);
      const { frames, used } = framesIn(bytes);
      bytes = bytes.subarray(used);
      for (const one of frames) answer(socket, one);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    received,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function answer(socket: Socket, { opcode, final, payload }: Frame): void {
  const text = opcode === codes.text ? payload.toString() : "";
  const [, word, number] = /^(push|close) (\d+)$/.exec(text) ?? [];
  if (word === "push")
    for (let i = 0; i < Number(number); i++) socket.write(frame("text", `pushed ${i} ${"x".repeat(i)}`));
  else if (word === "close") socket.end(frame("close", closing(Number(number), "as you wish")));
  else if (opcode === codes.ping) socket.write(frame("pong", payload));
  else if (opcode === codes.close) socket.end(frame("close", payload));
  else socket.write(frame(opcode, payload, { final }));
}

/** RFC 6455 §4.2.2. */
function accepted(head: string): string {
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? "";
  const proof = hash("sha1", `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, "base64");
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`;
}
