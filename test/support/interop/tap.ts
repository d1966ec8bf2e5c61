import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Whether each message of a call was packed (1) or not (0): gRPC's "Compressed-Flag", as it stood on the wire. */
export interface Flags {
  readonly requests: number[];
  readonly answers: number[];
}

/** A listening wire to a server of gRPC in clear text. */
export interface Tap extends AsyncDisposable {
  readonly port: number;
  /** The calls with messages since the last time, in the order they were begun. */
  taken(): readonly Flags[];
}

const preface = 24;
const frameHead = 9;

/** RFC 9113 §6.1, as far as lengths and flags of messages ask for it. */
export async function tap(target: number): Promise<Tap> {
  const sockets = new Set<Socket>();
  let calls: Flags[] = [];
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    const streams = new Map<number, Flags>();
    const flagsOf = (id: number): Flags => {
      const known = streams.get(id);
      if (known !== undefined) return known;
      const flags = { requests: [], answers: [] };
      streams.set(id, flags);
      calls.push(flags);
      return flags;
    };
    const up = new Frames(preface, (id, flag) => flagsOf(id).requests.push(flag));
    const down = new Frames(0, (id, flag) => flagsOf(id).answers.push(flag));
    join(near, far, up, sockets);
    join(far, near, down, sockets);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    taken() {
      const list = calls;
      calls = [];
      return list;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function join(from: Socket, to: Socket, frames: Frames, sockets: Set<Socket>): void {
  sockets.add(from);
  from.on("data", (bytes) => {
    frames.push(bytes);
    if (!to.write(bytes)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("error", () => to.destroy());
  from.on("close", () => {
    sockets.delete(from);
    to.destroy();
  });
}

/** Cuts one direction of a connection into frames, and the DATA of each stream into messages. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);
  #skip: number;
  readonly #streams = new Map<number, Messages>();
  readonly #message: (stream: number, flag: number) => void;

  constructor(skip: number, message: (stream: number, flag: number) => void) {
    this.#skip = skip;
    this.#message = message;
  }

  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#rest.length < this.#skip) return;
    let at = this.#skip;
    this.#skip = 0;
    while (this.#rest.length - at >= frameHead) {
      const end = at + frameHead + this.#rest.readUIntBE(at, 3);
      if (this.#rest.length < end) break;
      if (this.#rest[at + 3] === 0) this.#data(at, end);
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
  }

  #data(at: number, end: number): void {
    const id = this.#rest.readUInt32BE(at + 5) & 0x7fff_ffff;
    const padded = ((this.#rest[at + 4] ?? 0) & 8) !== 0;
    const from = at + frameHead + (padded ? 1 : 0);
    const to = padded ? end - (this.#rest[at + frameHead] ?? 0) : end;
    const messages = this.#streams.get(id) ?? new Messages();
    this.#streams.set(id, messages);
    for (const flag of messages.push(this.#rest.subarray(from, to))) this.#message(id, flag);
  }
}

class Messages {
  #rest: Buffer = Buffer.alloc(0);

  /** The flags of the messages that are complete now. */
  push(bytes: Buffer): number[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const flags: number[] = [];
    while (this.#rest.length >= 5) {
      const end = 5 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) break;
      const flag = this.#rest[0] ?? -1;
      // gRPC-Web: the last message holds the trailers.
      if ((flag & 0x80) === 0) flags.push(flag);
      this.#rest = this.#rest.subarray(end);
    }
    return flags;
  }
}
