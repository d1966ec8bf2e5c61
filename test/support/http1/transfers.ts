import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Bytes that do not repeat where a buffer could: the same for the same size, made as they are needed. */
export function* content(total: number): Generator<Buffer> {
  const piece = 64 * 1024 + 7;
  const bytes = Buffer.alloc(piece, "the quick brown fox jumps over the lazy dog, and again; ");
  for (let sent = 0, number = 0; sent < total; sent += piece, number++) {
    const one = Buffer.from(bytes);
    one.writeUInt32LE(number);
    one.writeUInt32LE(number ^ 0xffff, piece - 9);
    yield one.subarray(0, Math.min(piece, total - sent));
  }
}

/** What arrived: how many bytes, and their hash. */
export interface Arrival {
  readonly bytes: number;
  readonly hash: string;
}

export function arrivalOf(total: number): Arrival {
  const counter = new Counter();
  for (const piece of content(total)) counter.take(piece);
  return counter.arrival;
}

/** An origin that sends `content` for `GET /<bytes>`, `?chunked` in chunks, and says of an upload what arrived. */
export async function startTransferOrigin(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    void serve(socket).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(socket: Socket): Promise<void> {
  const { head, body } = await headOf(socket);
  const [, size = "0", chunked] = /^GET \/(\d+)(\?chunked)? /.exec(head) ?? [];
  if (head.startsWith("GET")) {
    const framing = chunked === undefined ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
    socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\nConnection: close\r\n\r\n`);
    await send(socket, Number(size), chunked !== undefined);
    socket.end();
    return;
  }
  const text = JSON.stringify(await arrival(body, /transfer-encoding/i.test(head), lengthIn(head)));
  socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`);
}

/** Downloads and reports what arrived. */
export async function download(port: number, bytes: number, chunked = false): Promise<Arrival> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /${bytes}${chunked ? "?chunked" : ""} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const { head, body } = await headOf(socket);
  return arrival(body, /transfer-encoding/i.test(head), lengthIn(head));
}

/** Uploads and gives back what the origin says has arrived. */
export async function upload(port: number, bytes: number, chunked = false): Promise<Arrival> {
  const socket = connect(port, "127.0.0.1");
  const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${bytes}`;
  socket.write(`PUT / HTTP/1.1\r\nHost: a\r\n${framing}\r\nConnection: close\r\n\r\n`);
  await send(socket, bytes, chunked);
  const { body } = await headOf(socket);
  let text = "";
  for await (const piece of body) text += String(piece);
  return JSON.parse(text);
}

async function send(socket: Socket, total: number, chunked: boolean): Promise<void> {
  for (const piece of content(total)) {
    if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
    const free = socket.write(piece);
    if (chunked) socket.write("\r\n");
    if (!free) await once(socket, "drain");
  }
  if (chunked) socket.write("0\r\n\r\n");
}

async function headOf(socket: Socket): Promise<{ head: string; body: AsyncGenerator<Buffer> }> {
  const pieces: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await pieces.next();
    if (next.done === true) throw new Error(`no head but ${JSON.stringify(bytes.toString("latin1"))}`);
    bytes = Buffer.concat([bytes, next.value]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const rest = bytes.subarray(end + 4);
    return { head: bytes.toString("latin1", 0, end), body: joined(rest, pieces) };
  }
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function lengthIn(head: string): number {
  return Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
}

async function arrival(body: AsyncIterable<Buffer>, chunked: boolean, length: number): Promise<Arrival> {
  const counter = new Counter();
  if (chunked) await unchunked(body, counter);
  else if (length > 0)
    for await (const piece of body) {
      counter.take(piece);
      if (counter.bytes >= length) break;
    }
  return counter.arrival;
}

/** The data of a body in chunks, without extensions or trailers: our own senders make none. */
async function unchunked(body: AsyncIterable<Buffer>, counter: Counter): Promise<void> {
  let waiting: Buffer = Buffer.alloc(0);
  let left = 0;
  for await (const piece of body) {
    waiting = waiting.length === 0 ? piece : Buffer.concat([waiting, piece]);
    for (;;) {
      if (left > 2) {
        const data = waiting.subarray(0, Math.min(left - 2, waiting.length));
        counter.take(data);
        left -= data.length;
        waiting = waiting.subarray(data.length);
      }
      if (left > 0 && left <= 2 && waiting.length >= left) {
        waiting = waiting.subarray(left);
        left = 0;
      }
      const end = waiting.indexOf("\r\n");
      if (left > 0 || end < 0) break;
      const size = Number.parseInt(waiting.toString("latin1", 0, end), 16);
      if (size === 0) return;
      if (!(size > 0)) throw new Error(`no chunk but ${JSON.stringify(waiting.toString("latin1", 0, 40))}`);
      left = size + 2;
      waiting = waiting.subarray(end + 2);
    }
  }
  throw new Error("the last chunk is missing");
}

class Counter {
  bytes = 0;
  readonly #sum: Hash = createHash("sha256");

  take(piece: Buffer): void {
    this.bytes += piece.length;
    this.#sum.update(piece);
  }

  get arrival(): Arrival {
    return { bytes: this.bytes, hash: this.#sum.digest("hex") };
  }
}
