import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One frame as it stood on the wire. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A frame's bytes; nothing is checked. */
export function rawFrame(type: number, flags: number, id: number, payload: Uint8Array | string = ""): Buffer {
  const body = typeof payload === "string" ? Buffer.from(payload.replaceAll(" ", ""), "hex") : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, body]);
}

/** What an HTTP/2 client begins with, and an empty SETTINGS. */
export const hello: Buffer = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  rawFrame(4, 0, 0),
]);

/** `:method` GET, `:scheme` http, `:path` /, `:authority` a. */
export const getBlock: Buffer = Buffer.from("828684410161", "hex");
/** The same with POST. */
export const postBlock: Buffer = Buffer.from("838684410161", "hex");

/** Cuts bytes into whole frames; what is left over comes with the next bytes. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): RawFrame[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: RawFrame[] = [];
    for (;;) {
      const rest = this.#rest;
      const end = rest.byteLength < 9 ? Number.POSITIVE_INFINITY : 9 + rest.readUIntBE(0, 3);
      if (rest.byteLength < end) return frames;
      frames.push({
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        id: rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: rest.subarray(9, end),
      });
      this.#rest = rest.subarray(end);
    }
  }
}

/** A client that says exactly what it is told, and keeps what it hears. */
export class RawPeer implements AsyncDisposable {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  closed = false;
  readonly #cutter = new FrameCutter();
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.frames.push(...this.#cutter.push(bytes));
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async to(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The first frame that fits, those that came before included; undefined when the connection closed without one. */
  async frame(fits: (frame: RawFrame) => boolean): Promise<RawFrame | undefined> {
    for (let seen = 0; ; ) {
      for (; seen < this.frames.length; seen++) {
        const frame = this.frames[seen];
        if (frame !== undefined && fits(frame)) return frame;
      }
      if (this.closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    this.socket.destroy();
    await once(this.socket, "close");
  }
}

/** One connection of a `RawServer`. */
export interface RawServed {
  readonly socket: Socket;
  /** Which it is of the server's, from 1. */
  readonly number: number;
  /** Frames of the client so far. */
  readonly frames: readonly RawFrame[];
}

type Answering = (frame: RawFrame, to: RawServed) => readonly Uint8Array[];

/** What a server begins with: SETTINGS, and its confirmation of the client's. */
const serverHello = Buffer.concat([rawFrame(4, 0, 0), rawFrame(4, 1, 0)]);

/** A server that answers every frame of its clients with exactly what it is told, after its greeting. */
export class RawServer implements AsyncDisposable {
  readonly #server = createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  readonly #answer: Answering;
  readonly #greeting: Uint8Array;
  connections = 0;

  private constructor(answer: Answering, greeting: Uint8Array) {
    this.#answer = answer;
    this.#greeting = greeting;
  }

  static async start(
    answer: Answering,
    { greeting = serverHello }: { readonly greeting?: Uint8Array } = {},
  ): Promise<RawServer> {
    const server = new RawServer(answer, greeting);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const cutter = new FrameCutter();
    const frames: RawFrame[] = [];
    const served = { socket, number: ++this.connections, frames };
    let early = 24;
    socket.on("error", () => {});
    socket.write(this.#greeting);
    socket.on("data", (bytes) => {
      const preface = Math.min(early, bytes.byteLength);
      early -= preface;
      for (const frame of cutter.push(bytes.subarray(preface))) {
        frames.push(frame);
        const said = this.#answer(frame, served);
        if (said.length > 0) socket.write(Buffer.concat(said));
      }
    });
  }
}
