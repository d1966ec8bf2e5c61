import type { Clock, Random } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import { drainRestMs } from "../../http1/limits.ts";
import { Deadline, type TimerWheel, timerWheel } from "../../socket/wheel.ts";
import { Connection } from "../connection.ts";
import { announcedLength, requestProblem, trailersProblem } from "../field-rules.ts";
import type { FieldBlock } from "../hpack/decoder.ts";
import type { ConnectionLimits, ConnectionRole } from "../role.ts";
import { type Http2Stream, noFields } from "../stream.ts";
import type { ConnectionFigures, PeerFacts, StreamHandler, StreamListener } from "../streams.ts";
import type { ConnectionWire, WireReader } from "../wire.ts";
import { errorCode, Http2Error, maxWindow } from "../words.ts";
import type { Holder, Unsent } from "./unsent.ts";

export interface ServerConnectionOptions {
  readonly limits: ConnectionLimits;
  readonly handler: StreamHandler;
  readonly peer: PeerFacts;
  /** From the first byte to the client's SETTINGS and its confirmation of ours (RFC 9113 §6.5.3). */
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
  /** Counts what waits for clients, over all connections. */
  readonly unsent: Unsent;
  /** The connection has closed. */
  readonly onOver: (connection: ServerConnection) => void;
}

/** The server's half of a connection: opens streams for requests, and decides when the connection ends. */
export class ServerConnection implements ConnectionRole, WireReader, Holder {
  readonly side = "server";
  readonly connection: Connection;
  readonly #wire: ConnectionWire;
  readonly #options: ServerConnectionOptions;
  readonly #wheel: TimerWheel;
  readonly #idle = new Deadline(() => this.#rested());
  #handshake: Deadline | undefined;
  #age: Deadline | undefined;
  #grace: Deadline | undefined;
  #patience: Deadline | undefined;
  #stall: Deadline | undefined;
  /** Bytes of answers that wait for the client. */
  unsentBytes = 0;
  /** What had been sent when the client was last looked at for taking nothing. */
  #sentBefore = 0;
  /** "asked" until everything on its way has arrived, then "told" the last stream that counts. */
  #leaving: "no" | "asked" | "told" = "no";
  #settled = false;

  constructor(wire: ConnectionWire, options: ServerConnectionOptions) {
    const { clock, random, ageMs, handshakeMs } = options;
    this.#wire = wire;
    this.#options = options;
    this.connection = new Connection(this, options.limits, clock);
    this.#wheel = timerWheel(clock);
    this.#handshake = this.#in(handshakeMs, () => {
      const what = this.#settled ? "our SETTINGS were not acknowledged" : "no SETTINGS came";
      this.connection.fail(new Http2Error(errorCode.SETTINGS_TIMEOUT, what));
    });
    if (ageMs !== undefined) {
      // gRFC A9: ±10 %, so that clients that connected together do not come back together.
      const age = ageMs * (0.9 + 0.2 * random.next());
      this.#age = this.#in(age, () => this.leave(options.graceMs, "max_age"));
    }
    this.connection.begin();
  }

  /** Says GOAWAY, lets open streams end, closes with the last of them or after `graceMs` (RFC 9113 §6.8). */
  leave(graceMs: number, why: string = ""): void {
    const { connection } = this;
    if (connection.over) return;
    this.#grace ??= this.#in(graceMs, () =>
      connection.fail(
        new Http2Error(errorCode.NO_ERROR, "the connection was closed at the end of its grace"),
      ),
    );
    if (this.#leaving !== "no") return;
    this.#leaving = "asked";
    // The first GOAWAY stops new streams without refusing those on their way; the last stream is named one round trip
    // later, when nothing that was sent before it can still be under way.
    connection.goaway(maxWindow, errorCode.NO_ERROR, why);
    connection.ping(() => this.#tell(why));
    // A client that asks nothing and answers nothing is not waited for as long as its streams would be.
    this.#patience = this.#in(drainRestMs, () => {
      if (connection.streams.size === 0) this.#tell(why);
    });
  }

  /** Closes at once. */
  close(): void {
    this.connection.fail(new Http2Error(errorCode.NO_ERROR, "the server closes"));
    this.#wire.destroy();
  }

  receive(chunk: Buffer): void {
    this.connection.receive(chunk);
  }

  figures(): ConnectionFigures {
    const { tally, streams, sender } = this.connection;
    const { clock, peer } = this.#options;
    const now = clock.now();
    return {
      remoteAddress: peer.remoteAddress,
      ageMs: Math.round(now - tally.sinceMs),
      quietMs: Math.round(now - tally.heardMs),
      streams: streams.size,
      streamsBegun: tally.begun,
      streamsSucceeded: tally.succeeded,
      streamsFailed: tally.failed,
      messagesReceived: peer.messages.received,
      messagesSent: peer.messages.sent,
      bytesReceived: tally.bytesReceived,
      bytesSent: sender.bytesSent,
      keepalives: tally.keepalives,
      stalls: tally.stalls,
      stalled: this.connection.behind,
    };
  }

  /** The socket has closed. */
  cut(): void {
    this.connection.lose(undefined);
    this.#options.onOver(this);
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
    if (busy) {
      this.#wheel.clear(this.#idle);
      return;
    }
    this.#rest();
    this.#endWhenIdle();
  }

  freed(): void {
    // Requests that were refused meanwhile come again by themselves.
  }

  settings(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#rest();
  }

  /** Until it confirms our limits a client may open any number of streams, to be refused one by one. */
  acknowledged(): void {
    if (this.#handshake !== undefined) this.#wheel.remove(this.#handshake);
    this.#handshake = undefined;
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

  held(change: number): void {
    this.unsentBytes += change;
    this.#options.unsent.change(this, change);
  }

  burden(): void {
    const message = `${this.unsentBytes} bytes of answers wait for this client, more than for any other`;
    this.connection.fail(new Http2Error(errorCode.ENHANCE_YOUR_CALM, message));
  }

  over(): void {
    this.held(-this.unsentBytes);
    for (const deadline of [this.#handshake, this.#idle, this.#age, this.#grace, this.#patience, this.#stall])
      if (deadline !== undefined) this.#wheel.remove(deadline);
    this.#wire.close();
  }

  #in(delayMs: number, run: () => void): Deadline {
    const deadline = new Deadline(run);
    this.#wheel.set(deadline, delayMs);
    return deadline;
  }

  #rest(): void {
    if (this.connection.streams.size === 0) this.#wheel.set(this.#idle, this.#options.idleMs);
  }

  #rested(): void {
    if (this.connection.streams.size === 0) this.leave(this.#options.graceMs, "max_idle");
  }

  /** Names the last stream. What comes behind it is not looked at. */
  #tell(why: string): void {
    const { connection } = this;
    if (this.#leaving === "told" || connection.over) return;
    this.#leaving = "told";
    connection.goaway(connection.lastRemoteId, errorCode.NO_ERROR, why);
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#leaving === "told" && this.connection.streams.size === 0)
      // Everything was said: the GOAWAY that named the last stream is on its way.
      this.connection.lose(undefined);
  }

  /** A client that takes nothing holds memory; it may not do so for ever. */
  #watchStall(): void {
    const { connection } = this;
    this.#stall ??= new Deadline(() => this.#stalledAgain());
    this.#wheel.clear(this.#stall);
    if (!connection.behind) return;
    this.#sentBefore = connection.sender.sent;
    this.#wheel.set(this.#stall, this.#options.stallMs);
  }

  #stalledAgain(): void {
    const { connection } = this;
    if (connection.sender.sent !== this.#sentBefore) {
      this.#watchStall();
      return;
    }
    connection.fail(new Http2Error(errorCode.CANCEL, `nothing was taken for ${this.#options.stallMs} ms`));
    this.#wire.destroy();
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
