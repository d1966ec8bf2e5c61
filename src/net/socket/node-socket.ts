import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { plainAddress } from "../sockets.ts";
import { bufferOf } from "./buffer.ts";
import { isShared, kept, lend, lendBytes, ownBytes, sharedBuffer } from "./lent.ts";
import type { SocketListener, SocketPort, TlsFacts } from "./port.ts";
import { type StraightWay, straightWay } from "./straight.ts";

/** Up to here bytes travel as text with the text beside them: two copies cost less than a list of pieces. */
const mostAsText = 2 * 1024;

/** Bytes that wait in this process before the writer is asked to pause. */
export const writeMark = 64 * 1024;

/** The connection of `node:net` or `node:tls` as a port. The socket must be connected; TLS must be agreed on. */
export function portOf(socket: Socket, tls?: TlsFacts): SocketPort {
  return new NodePort(socket, tls);
}

/** A socket that reads without making a buffer for every read, and the port for it once it is connected. */
interface Lending {
  readonly socket: Socket;
  port(): SocketPort;
}

/** A socket to connect with. */
export function lendingSocket(): Lending {
  return lending({});
}

/**
 * The port of an accepted connection. `node:net` can read into given memory, but offers that to sockets that connect
 * only; so the connection is given a second socket, made the way the listener makes its own. That saves a third of
 * what a small request costs. Where this Node is built in another way, the first socket is used.
 *
 * @param accepted of a listener with `pauseOnConnect`
 */
export function acceptedPort(accepted: Socket): { readonly socket: Socket; readonly port: SocketPort } {
  const handle: unknown = Reflect.get(accepted, "_handle");
  const server: unknown = Reflect.get(accepted, "_server");
  if (!isHandle(handle) || server === undefined || server === null) {
    accepted.resume();
    return { socket: accepted, port: portOf(accepted) };
  }
  Reflect.set(accepted, "_handle", null);
  Reflect.set(accepted, "_server", null);
  const { socket, port } = lending({ handle, allowHalfOpen: true });
  // The listener counts its connections down by this.
  Reflect.set(socket, "_server", server);
  return { socket, port: port() };
}

/** True for what libuv's TCP handle looks like from here. */
function isHandle(handle: unknown): handle is object {
  return typeof handle === "object" && handle !== null && "useUserBuffer" in handle && "readStart" in handle;
}

function lending(options: { readonly handle?: object; readonly allowHalfOpen?: boolean }): Lending {
  const { Socket: Plain } = process.getBuiltinModule("node:net");
  let port: NodePort | undefined;
  let next: Uint8Array = sharedBuffer;
  const all = {
    ...options,
    onread: {
      buffer: () => next,
      callback(bytes: number, buffer: Uint8Array) {
        // Much is coming: from now on into a buffer of its own, so that nothing need be copied.
        const much = bytes >= lendBytes / 4;
        const gone = port?.lent(viewOf(buffer, bytes)) === true;
        if (!much) next = sharedBuffer;
        else if (gone || next === sharedBuffer) next = Buffer.allocUnsafeSlow(ownBytes);
        return true;
      },
    },
  };
  // The types know no handle but that of a bound socket.
  const socket: unknown = Reflect.construct(Plain, [all]);
  if (!(socket instanceof Plain)) throw new TypeError("node:net made no socket");
  return {
    socket,
    port() {
      port = new NodePort(socket, undefined, true);
      return port;
    },
  };
}

/** Views of the beginning of the shared buffer, by length: made once, because making one costs as much as a small read. */
const views: (Buffer | undefined)[] = new Array<Buffer | undefined>(4 * 1024).fill(undefined);

function viewOf(buffer: Uint8Array, bytes: number): Buffer {
  if (buffer !== sharedBuffer || bytes >= views.length)
    return Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
  const view = views[bytes] ?? Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
  views[bytes] = view;
  return view;
}

/** What TLS agreed on. */
export function tlsFacts(socket: TLSSocket): TlsFacts {
  const { alpnProtocol, servername } = socket;
  return {
    protocol: typeof alpnProtocol === "string" ? alpnProtocol : undefined,
    serverName: typeof servername === "string" && servername !== "" ? servername : undefined,
    peerVerified: socket.authorized,
  };
}

/** Nobody has attached yet, or nobody cares any more. */
const nobody: SocketListener = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

class NodePort implements SocketPort {
  readonly remoteAddress: string;
  readonly tls: TlsFacts | undefined;
  readonly #socket: Socket;
  readonly #straight: StraightWay | undefined;
  #listener: SocketListener = nobody;
  #reading: boolean;
  #error: Error | undefined;
  closed: boolean;

  constructor(socket: Socket, tls: TlsFacts | undefined, lending = false) {
    this.#reading = lending;
    if (lending) socket.on("end", () => this.#listener.onEnd());
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.tls = tls;
    this.#socket = socket;
    this.#straight = lending ? straightWay(socket, () => this.#listener.onDrain()) : undefined;
    this.closed = socket.destroyed;
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.closed = true;
      const listener = this.#listener;
      this.#listener = nobody;
      listener.onClose(this.#error);
    });
    socket.on("drain", () => this.#listener.onDrain());
  }

  get pendingBytes(): number {
    return this.#socket.writableLength + (this.#straight?.pendingBytes ?? 0);
  }

  /** Tells of bytes that were read into lent memory. */
  lent(bytes: Uint8Array): boolean {
    return lend(bytes, this.#tell);
  }

  readonly #tell = (bytes: Uint8Array): void => this.#listener.onData(bytes);

  attach(listener: SocketListener): void {
    this.#listener = listener;
    if (this.#reading) return;
    this.#reading = true;
    this.#socket.on("end", () => this.#listener.onEnd());
    this.#socket.on("data", (bytes) => this.#listener.onData(bytes));
  }

  whenClosed(run: () => void): void {
    this.#socket.once("close", run);
  }

  write(data: Uint8Array | string): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const straight = this.#straight;
    const open = straight?.open === true;
    if (typeof data !== "string") this.#send(data, open ? straight : undefined);
    else if (open) straight.text(data);
    else socket.write(data, "latin1");
    return this.pendingBytes < writeMark;
  }

  writeFramed(before: string, bytes: Uint8Array, after: string): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const straight = this.#straight;
    const size = bytes.byteLength;
    if (size <= mostAsText) {
      this.write(before + bufferOf(bytes).toString("latin1") + after);
    } else if (straight?.open === true) {
      straight.framed(before, isShared(bytes) ? kept(bytes) : bytes, after);
    } else {
      socket.cork();
      socket.write(before, "latin1");
      this.#send(bytes, undefined);
      if (after !== "") socket.write(after, "latin1");
      socket.uncork();
    }
    return this.pendingBytes < writeMark;
  }

  writeAll(pieces: readonly Uint8Array[], done: () => void): void {
    const socket = this.#socket;
    const last = pieces.length - 1;
    if (!socket.writable || last < 0) {
      queueMicrotask(done);
      return;
    }
    const straight = this.#straight;
    if (straight?.open === true) {
      straight.all(pieces, done);
      return;
    }
    socket.cork();
    // Whatever became of them, the pieces are no longer needed.
    pieces.forEach((piece, i) => {
      socket.write(piece, i === last ? () => done() : undefined);
    });
    socket.uncork();
  }

  /** Lent bytes are safe once the kernel has them, which is nearly always at once. */
  #send(data: Uint8Array, straight: StraightWay | undefined): void {
    const bytes = isShared(data) ? kept(data) : data;
    if (straight !== undefined) {
      straight.bytes(bytes);
      return;
    }
    this.#socket.write(bytes);
    if (this.#socket.writableLength > 0) kept(bytes);
  }

  hold(alive: boolean): void {
    if (alive) this.#socket.ref();
    else this.#socket.unref();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#straight?.flush();
    this.#socket.end();
  }

  close(): void {
    this.#straight?.flush();
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#straight?.flush();
    this.#socket.destroy();
  }
}
