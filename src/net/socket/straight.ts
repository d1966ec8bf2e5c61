import type { Socket } from "node:net";
import { kept } from "./lent.ts";
import { type Flushable, flushAfterTurn } from "./turn.ts";

/** Characters collected in one turn above which they are sent at once. */
const mostCollected = 16 * 1024;

/**
 * The short way out of a plain connection: what is written goes to libuv's handle, without the stream of `node:net` above
 * it, whose bookkeeping (queue, callback and a tick for every write) costs as much as the write. Text leaves at the end of the
 * turn, or before the next bytes; bytes leave at once. What the kernel does not take waits in libuv.
 *
 * It rests on what is not documented: `_handle`, and how Node 26 calls the three methods named here. Where they look
 * different, or are called differently, the stream is used, which is slower and nothing else.
 */
export class StraightWay implements Flushable {
  readonly #socket: Socket;
  readonly #handle: Handle;
  readonly #drained: () => void;
  #waiting = 0;
  /** Text of this turn. */
  #collected = "";

  constructor(socket: Socket, handle: Handle, drained: () => void) {
    this.#socket = socket;
    this.#handle = handle;
    this.#drained = drained;
  }

  /** False while it would overtake what the stream still holds, and until this Node has shown how it writes. */
  get open(): boolean {
    return known && this.#socket.writableLength === 0;
  }

  /** Bytes that wait for the end of the turn, or in libuv. */
  get pendingBytes(): number {
    if (this.#socket.destroyed) return 0;
    return this.#collected.length + (this.#waiting === 0 ? 0 : this.#handle.writeQueueSize);
  }

  /** @param text Latin-1 */
  text(text: string): void {
    const first = this.#collected === "";
    this.#collected += text;
    if (this.#collected.length > mostCollected) this.flush();
    else if (first) flushAfterTurn(this);
  }

  flush(): void {
    const text = this.#collected;
    this.#collected = "";
    if (text === "" || this.#socket.destroyed) return;
    const sent = this.#handle.writeLatin1String(null, text);
    if (sent !== 0) this.#after(sent, undefined);
  }

  /** @param bytes not of the memory that all connections share */
  bytes(bytes: Uint8Array): void {
    if (!this.#clear()) return;
    const sent = this.#handle.writeBuffer(null, bytes);
    if (sent !== 0) this.#after(sent, bytes);
  }

  /** Bytes between two texts, in one system call. */
  framed(before: string, bytes: Uint8Array, after: string): void {
    if (!this.#clear()) return;
    const pieces: (string | Uint8Array)[] = before === "" ? [] : [before, "latin1"];
    pieces.push(bytes, "buffer");
    if (after !== "") pieces.push(after, "latin1");
    const sent = this.#handle.writev(null, pieces, false);
    if (sent !== 0) this.#after(sent, bytes);
  }

  /**
   * Pieces in one system call; `done` is called once, when nobody reads them any more: nearly always during this call.
   *
   * @param pieces not of the memory that all connections share
   */
  all(pieces: readonly Uint8Array[], done: () => void): void {
    if (!this.#clear()) {
      done();
      return;
    }
    const [only] = pieces;
    const one = pieces.length === 1 && only !== undefined;
    const sent = one ? this.#handle.writeBuffer(null, only) : this.#handle.writev(null, pieces, true);
    if (typeof sent === "number") {
      if (sent !== 0) this.#fail(sent);
      done();
      return;
    }
    this.#waiting++;
    // libuv reads from where they are: collected before, it would send whatever stands there then.
    sent.bytes = pieces;
    for (const piece of pieces) kept(piece);
    const onComplete = (status: number): void => {
      this.#onComplete(status);
      done();
    };
    sent.oncomplete = onComplete;
    if (typeof sent.writeStatus === "number") onComplete(sent.writeStatus);
  }

  /** Sends what must go before. @returns false when that failed */
  #clear(): boolean {
    if (this.#collected !== "") this.flush();
    return !this.#socket.destroyed;
  }

  /** It failed, or waits: libuv takes the rest of the bytes from where they are, and tells when it has. */
  #after(sent: number | Dispatched, bytes: Uint8Array | undefined): void {
    if (typeof sent === "number") {
      this.#fail(sent);
      return;
    }
    this.#waiting++;
    if (bytes !== undefined) sent.bytes = kept(bytes);
    sent.oncomplete = this.#onComplete;
    // Told before anybody could listen.
    if (typeof sent.writeStatus === "number") this.#onComplete(sent.writeStatus);
  }

  readonly #onComplete = (status: number): void => {
    this.#waiting--;
    if (status < 0) this.#fail(status);
    else if (this.#waiting === 0) this.#drained();
  };

  #fail(status: number): void {
    const { getSystemErrorName } = process.getBuiltinModule("node:util");
    this.#socket.destroy(new WriteFailure(getSystemErrorName(status)));
  }
}

/** Carries the operating system's word for what went wrong, as the errors of `node:net` do. */
class WriteFailure extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`write ${code}`);
    this.code = code;
  }
}

/**
 * libuv's handle of a TCP connection, as far as it is used here. A write gives 0 when the kernel has all of it, a negative
 * error number, or what is left to do.
 */
interface Handle {
  readonly writeQueueSize: number;
  writeLatin1String(request: null, text: string): number | Dispatched;
  writeBuffer(request: null, bytes: Uint8Array): number | Dispatched;
  writev(request: null, pieces: readonly (string | Uint8Array)[], allBytes: boolean): number | Dispatched;
}

/** A write that waits. */
interface Dispatched {
  oncomplete: (status: number) => void;
  /** Keeps the bytes alive until then. */
  bytes: Uint8Array | readonly Uint8Array[];
  /** How it ended, if it did before `oncomplete` was set. */
  readonly writeStatus: number | null;
}

/** Writes of this Node are called as above. Before 26 they wanted an object that is handed out to nobody. */
let known = false;

/** The short way out of a connected plain socket; undefined where this Node is built in another way. */
export function straightWay(socket: Socket, drained: () => void): StraightWay | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (!isHandle(handle)) return undefined;
  if (!known) watchFirstWrite(handle);
  return new StraightWay(socket, handle, drained);
}

/** The first text that a stream writes shows how it is done. */
function watchFirstWrite(handle: Handle): void {
  const { writeLatin1String } = handle;
  handle.writeLatin1String = (request, text) => {
    handle.writeLatin1String = writeLatin1String;
    known = request === null;
    return handle.writeLatin1String(request, text);
  };
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== "object" || value === null || !("writeQueueSize" in value)) return false;
  return ["writeLatin1String", "writeBuffer", "writev"].every(
    (name) => typeof Reflect.get(value, name) === "function",
  );
}
