import { bufferOf } from "../socket/buffer.ts";
import type { SocketListener, SocketPort } from "../socket/port.ts";
import { Deadline, type TimerWheel } from "../socket/wheel.ts";
import type { Duct } from "./sender.ts";

/** How long a peer may take to read our last words before its connection is cut. */
const lingerMs = 1_000;

/** What a connection needs of a socket. */
export interface ConnectionWire extends Duct {
  pause(): void;
  resume(): void;
  /** Whether the connection keeps the process running. */
  hold(alive: boolean): void;
  /** Closes once everything is written. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Who reads what comes. */
export interface WireReader {
  /** Bytes of the peer, lent for the length of the call. */
  receive(chunk: Buffer): void;
  /** Closed, once and last; with the error that closed it if there was one. */
  cut(error: Error | undefined): void;
}

/** The socket below a connection, and how it ends. */
export class Wire implements ConnectionWire, SocketListener {
  readonly #port: SocketPort;
  readonly #wheel: TimerWheel;
  #reader: WireReader | undefined;
  #linger: Deadline | undefined;

  constructor(port: SocketPort, wheel: TimerWheel) {
    this.#port = port;
    this.#wheel = wheel;
  }

  /** Begins to read. */
  listen(reader: WireReader): void {
    this.#reader = reader;
    this.#port.attach(this);
  }

  write(pieces: readonly Uint8Array[], done: () => void): void {
    this.#port.writeAll(pieces, done);
  }

  pause(): void {
    this.#port.pause();
  }

  resume(): void {
    this.#port.resume();
  }

  hold(alive: boolean): void {
    this.#port.hold(alive);
  }

  /**
   * Closes once everything is written. What still arrives is taken in for a moment: closing with unread bytes resets
   * the connection, and the peer might lose our GOAWAY.
   */
  close(): void {
    if (this.#port.closed || this.#linger !== undefined) return;
    this.#port.end();
    this.#port.resume();
    this.#linger = new Deadline(() => this.#port.destroy());
    this.#wheel.set(this.#linger, lingerMs);
  }

  destroy(): void {
    this.#port.destroy();
  }

  onData(bytes: Uint8Array): void {
    this.#reader?.receive(bufferOf(bytes));
  }

  /** A peer that says no more neither asks nor updates its windows: the connection is over for both. */
  onEnd(): void {
    this.#port.close();
  }

  onDrain(): void {
    // What waits is counted by `done` of every write.
  }

  onClose(error: Error | undefined): void {
    if (this.#linger !== undefined) this.#wheel.remove(this.#linger);
    this.#reader?.cut(error);
  }
}
