import type { Clock, Random, Timer } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import { Connection } from "../connection.ts";
import { announcedLength, requestProblem, trailersProblem } from "../field-rules.ts";
import type { FieldBlock } from "../hpack/decoder.ts";
import type { ConnectionLimits, ConnectionRole } from "../role.ts";
import { type Http2Stream, noFields } from "../stream.ts";
import type { PeerFacts, StreamHandler, StreamListener } from "../streams.ts";
import type { ConnectionWire } from "../wire.ts";
import { errorCode, Http2Error, maxWindow } from "../words.ts";

export interface ServerConnectionOptions {
  readonly limits: ConnectionLimits;
  readonly handler: StreamHandler;
  readonly peer: PeerFacts;
  /** From the first byte to the end of the client's preface and SETTINGS. */
  readonly handshakeMs: number;
  /** Without streams. */
  readonly idleMs: number;
  /** Undefined: for ever. ±10 %, drawn for each connection. */
  readonly ageMs: number | undefined;
  /** What streams of a connection that was asked to leave may still take. */
  readonly graceMs: number;
  /** How long a client may leave what we send unread before its connection is closed. */
  readonly stallMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

/** The server's half of a connection: opens streams for requests, and decides when the connection ends. */
export class ServerConnection implements ConnectionRole {
  readonly side = "server";
  readonly connection: Connection;
  readonly #wire: ConnectionWire;
  readonly #options: ServerConnectionOptions;
  #handshake: Timer | undefined;
  #idle: Timer | undefined;
  #age: Timer | undefined;
  #grace: Timer | undefined;
  #stall: Timer | undefined;
  /** "asked" until everything on its way has arrived, then "told" the last stream that counts. */
  #leaving: "no" | "asked" | "told" = "no";
  #settled = false;
  /** When the connection was made and how many streams it has begun, for whoever looks at the server. */
  readonly sinceMs: number;
  begun = 0;

  constructor(wire: ConnectionWire, options: ServerConnectionOptions) {
    const { clock, random, ageMs, handshakeMs } = options;
    this.#wire = wire;
    this.#options = options;
    this.sinceMs = clock.now();
    this.connection = new Connection(this, options.limits, clock);
    const background = { background: true };
    this.#handshake = clock.after(
      handshakeMs,
      () => this.connection.fail(new Http2Error(errorCode.SETTINGS_TIMEOUT, "no SETTINGS came")),
      background,
    );
    if (ageMs !== undefined) {
      // gRFC A9: ±10 %, so that clients that connected together do not come back together.
      const age = ageMs * (0.9 + 0.2 * random.next());
      this.#age = clock.after(age, () => this.leave(options.graceMs, "max_age"), background);
    }
    this.connection.begin();
  }

  /** Says GOAWAY, lets open streams end, closes with the last of them or after `graceMs` (RFC 9113 §6.8). */
  leave(graceMs: number, why: string = ""): void {
    const { connection } = this;
    if (connection.over) return;
    this.#grace ??= this.#options.clock.after(graceMs, () =>
      connection.fail(
        new Http2Error(errorCode.NO_ERROR, "the connection was closed at the end of its grace"),
      ),
    );
    if (this.#leaving !== "no") return;
    if (connection.streams.size === 0 && !this.#settled) {
      connection.fail(new Http2Error(errorCode.NO_ERROR, why));
      return;
    }
    this.#leaving = "asked";
    // The first GOAWAY stops new streams without refusing those on their way; the last stream is named one round trip
    // later, when nothing that was sent before it can still be under way.
    connection.goaway(maxWindow, errorCode.NO_ERROR, why);
    connection.ping(() => {
      this.#leaving = "told";
      connection.goaway(connection.lastRemoteId, errorCode.NO_ERROR, why);
      this.#endWhenIdle();
    });
  }

  /** Closes at once. */
  cut(): void {
    this.connection.fail(new Http2Error(errorCode.NO_ERROR, "the server closes"));
    this.#wire.destroy();
  }

  write(pieces: readonly Uint8Array[], done: () => void): void {
    this.#wire.write(pieces, done);
  }

  /** RFC 9113 §8.3.1; a request that breaks a rule breaks its stream, not the connection. */
  open(id: number, block: FieldBlock, end: boolean): void {
    const { connection } = this;
    const { limits, handler, peer } = this.#options;
    if (id % 2 === 0) throw new Http2Error(errorCode.PROTOCOL_ERROR, "a client counts its streams 1, 3, 5");
    connection.lastRemoteId = id;
    if (this.#leaving === "told") {
      connection.closed.add(id, "reset by us");
      return;
    }
    if (connection.streams.size >= limits.maxConcurrentStreams) {
      connection.refuse(id);
      return;
    }
    if (block.tooLong) {
      const stream = connection.add(id, deaf);
      stream.listener = { ...deaf, onData: (bytes) => stream.consumed(bytes.byteLength) };
      stream.headed = true;
      stream.remoteEnded = end;
      stream.head(tooLong, noFields, "end");
      return;
    }
    const problem = block.malformed
      ? "a malformed field"
      : requestProblem(block.fields, limits.extendedConnect);
    const expected = announcedLength(block.fields);
    if (problem !== undefined) throw new Http2Error(errorCode.PROTOCOL_ERROR, problem, id);
    if (Number.isNaN(expected) || (end && expected !== undefined && expected > 0))
      throw new Http2Error(errorCode.PROTOCOL_ERROR, "a content-length that cannot be", id);
    const stream = connection.add(id, deaf);
    stream.headed = true;
    stream.expected = expected;
    this.begun++;
    stream.listener = handler(stream, block.fields, peer);
    if (end && !stream.closed) connection.remoteEnd(stream, noFields);
  }

  /** A second block is trailers (RFC 9113 §8.1). */
  head(stream: Http2Stream, block: FieldBlock, end: boolean): void {
    const problem = end ? trailersProblem(block.fields) : "a second head";
    if (problem !== undefined) throw new Http2Error(errorCode.PROTOCOL_ERROR, problem, stream.id);
    if (stream.expected !== undefined && stream.expected > 0)
      throw new Http2Error(errorCode.PROTOCOL_ERROR, "the body is shorter than announced", stream.id);
    this.connection.remoteEnd(stream, block.tooLong ? noFields : block.fields);
  }

  busy(busy: boolean): void {
    this.#idle?.cancel();
    this.#idle = undefined;
    if (busy) return;
    this.#rest();
    this.#endWhenIdle();
  }

  freed(): void {
    // Requests that were refused meanwhile come again by themselves.
  }

  settings(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#handshake?.cancel();
    this.#rest();
  }

  goaway(): void {
    // The client opens no more streams; it closes when it has what it wants.
  }

  congested(full: boolean): void {
    if (full) this.#wire.pause();
    else this.#wire.resume();
    this.#watchStall();
  }

  stalled(): void {
    this.#watchStall();
  }

  over(): void {
    for (const timer of [this.#handshake, this.#idle, this.#age, this.#grace, this.#stall]) timer?.cancel();
    this.#wire.close();
  }

  #rest(): void {
    const { clock, idleMs, graceMs } = this.#options;
    if (this.connection.streams.size > 0 || this.#idle !== undefined) return;
    this.#idle = clock.after(idleMs, () => this.leave(graceMs, "max_idle"), { background: true });
  }

  #endWhenIdle(): void {
    if (this.#leaving === "told" && this.connection.streams.size === 0)
      // Everything was said: the GOAWAY that named the last stream is on its way.
      this.connection.lose(undefined);
  }

  /** A client that takes nothing holds memory; it may not do so for ever. */
  #watchStall(): void {
    const { connection } = this;
    this.#stall?.cancel();
    this.#stall = undefined;
    if (!connection.behind) return;
    const { clock, stallMs } = this.#options;
    const sent = connection.sender.sent;
    this.#stall = clock.after(
      stallMs,
      () => {
        if (connection.sender.sent !== sent) return this.#watchStall();
        connection.fail(new Http2Error(errorCode.CANCEL, `nothing was taken for ${stallMs} ms`));
        this.#wire.destroy();
      },
      { background: true },
    );
  }
}

/** RFC 6585 §5. */
const tooLong: HeaderList = [":status", "431"];

/** Nobody yet; or, for a request that has its answer already, nobody any more. */
const deaf: StreamListener = {
  onHead() {},
  onData() {},
  onEnd() {},
  onFailed() {},
  onDrained() {},
};
