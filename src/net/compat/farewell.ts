import type { Duplex } from "node:stream";
import type { Clock } from "../../kernel/index.ts";

/** How long a peer may take to read our last words before its connection is cut. */
export const lingerMs = 1_000;

/** Connections that linger at once; a flood of refused ones must not become a flood of open ones. */
const mostLingering = 1_000;

/** Connections that were told their last words and are about to close. */
export class Farewells {
  readonly #clock: Clock;
  readonly #leaving = new Set<Duplex>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when the connection has been given up: whatever still arrives on it is nobody's. */
  has(socket: Duplex): boolean {
    return this.#leaving.has(socket);
  }

  /**
   * Says `text` and closes. What still arrives is taken in for a moment: closing with unread bytes resets the
   * connection, and the peer might lose the text (RFC 9112 §9.6).
   */
  say(socket: Duplex, text: string): void {
    if (this.#leaving.has(socket)) return;
    // Node takes its own listener off a socket it hands over (CONNECT); without one a reset would end the process.
    socket.on("error", () => {});
    if (this.#leaving.size >= mostLingering) {
      socket.end(text, () => socket.destroy());
      return;
    }
    this.#leaving.add(socket);
    const limit = this.#clock.after(lingerMs, () => socket.destroy(), { background: true });
    socket.once("close", () => {
      limit.cancel();
      this.#leaving.delete(socket);
    });
    socket.end(text);
    socket.resume();
  }

  /** Cuts them all. */
  cut(): void {
    for (const socket of this.#leaving) socket.destroy();
  }
}
