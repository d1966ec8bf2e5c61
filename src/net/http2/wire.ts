import type { Socket } from "node:net";
import type { Clock, Timer } from "../../kernel/index.ts";
import type { Duct } from "./sender.ts";

/** How long a peer may take to read our last words before its connection is cut. */
const lingerMs = 1_000;

/** What the server's side of a connection needs of a socket. */
export interface ConnectionWire extends Duct {
  pause(): void;
  resume(): void;
  /** Closes once everything is written. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** The socket below a connection. */
export class Wire implements ConnectionWire {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #linger: Timer | undefined;

  /** @param socket connected; nobody else listens to it */
  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.setNoDelay(true);
  }

  /** Begins to read. `onClose` comes once and last. */
  listen(onData: (chunk: Buffer) => void, onClose: (error: Error | undefined) => void): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.once("close", () => {
      this.#linger?.cancel();
      onClose(failure);
    });
    socket.on("data", onData);
  }

  write(pieces: readonly Uint8Array[], done: () => void): void {
    const socket = this.#socket;
    const last = pieces.length - 1;
    if (last === 0) {
      socket.write(pieces[0] ?? nothing, done);
      return;
    }
    socket.cork();
    for (const [i, piece] of pieces.entries()) socket.write(piece, i === last ? done : undefined);
    socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** An idle connection of a client must not keep a finished process alive. */
  hold(busy: boolean): void {
    if (busy) this.#socket.ref();
    else this.#socket.unref();
  }

  /**
   * Closes once everything is written. What still arrives is taken in for a moment: closing with unread bytes resets
   * the connection, and the peer might lose our GOAWAY.
   */
  close(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.end();
    socket.resume();
    this.#linger ??= this.#clock.after(lingerMs, () => socket.destroy(), { background: true });
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const nothing = new Uint8Array(0);
