import { bufferOf } from "../../socket/buffer.ts";
import type { SocketListener, SocketPort } from "../../socket/port.ts";
import { Deadline, type TimerWheel } from "../../socket/wheel.ts";
import { preface } from "../words.ts";

export interface Choice {
  readonly wheel: TimerWheel;
  /** How long a client may say nothing. */
  readonly timeoutMs: number;
  /** Clients that have said nothing yet. */
  readonly undecided: Set<Undecided>;
  readonly http2: (port: SocketPort, early: Buffer | undefined) => void;
  readonly http1: (port: SocketPort, early: Buffer | undefined) => void;
}

/**
 * Which protocol a connection speaks: by ALPN where there is TLS, else by its first bytes (RFC 9113 §3.3). Three bytes
 * decide: no method of HTTP/1.1 begins with `PRI`.
 */
export function choose(port: SocketPort, choice: Choice): void {
  if (port.tls === undefined) port.attach(new Undecided(port, choice));
  else if (port.tls.protocol === "h2") choice.http2(port, undefined);
  else choice.http1(port, undefined);
}

/** A connection whose first bytes are not there yet. */
export class Undecided implements SocketListener {
  readonly #port: SocketPort;
  readonly #choice: Choice;
  readonly #limit: Deadline;
  #early: Buffer = Buffer.alloc(0);

  constructor(port: SocketPort, choice: Choice) {
    this.#port = port;
    this.#choice = choice;
    this.#limit = new Deadline(() => port.destroy());
    choice.wheel.set(this.#limit, choice.timeoutMs);
    choice.undecided.add(this);
  }

  /** The server drains: it waits no longer than this for a first word. */
  hurry(restMs: number): void {
    this.#choice.wheel.set(this.#limit, restMs);
  }

  onData(bytes: Uint8Array): void {
    this.#early = Buffer.concat([this.#early, bufferOf(bytes)]);
    const early = this.#early;
    const enough = Math.min(early.byteLength, 3);
    const maybe = preface.compare(early, 0, enough, 0, enough) === 0;
    if (maybe && enough < 3) return;
    this.#end();
    if (maybe) this.#choice.http2(this.#port, early);
    else this.#choice.http1(this.#port, early);
  }

  onEnd(): void {
    this.#port.close();
  }

  onDrain(): void {
    // Nothing was said yet.
  }

  onClose(): void {
    this.#end();
  }

  #end(): void {
    this.#choice.wheel.remove(this.#limit);
    this.#choice.undecided.delete(this);
  }
}
