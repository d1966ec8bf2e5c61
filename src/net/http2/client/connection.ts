import type { Clock, Timer } from "../../../kernel/index.ts";
import { Deadline, type TimerWheel, timerWheel } from "../../socket/wheel.ts";
import { Connection } from "../connection.ts";
import { announcedLength, responseProblem, trailersProblem } from "../field-rules.ts";
import type { FieldBlock } from "../hpack/decoder.ts";
import type { ConnectionLimits, ConnectionRole } from "../role.ts";
import { type Http2Stream, noFields } from "../stream.ts";
import type { StreamListener } from "../streams.ts";
import type { ConnectionWire, WireReader } from "../wire.ts";
import { errorCode, errorName, Http2Error, maxWindow } from "../words.ts";

export interface ClientConnectionOptions {
  readonly limits: ConnectionLimits;
  /** Without streams. */
  readonly idleMs: number;
  /** While streams are open the peer is asked as often whether it is there. */
  readonly keepaliveMs: number;
  /** How long it may take to answer. */
  readonly pingMs: number;
  /** From the first byte to the server's SETTINGS and its confirmation of ours (RFC 9113 §6.5.3). */
  readonly handshakeMs: number;
  readonly clock: Clock;
  /** The connection can take another stream, or can no longer. */
  readonly onChange: (connection: ClientConnection) => void;
  /** The connection has closed; nothing more comes. */
  readonly onOver: (connection: ClientConnection) => void;
}

/** Until the server's SETTINGS are there; more would be refused by most. */
const assumedStreams = 100;

/** The client's half of a connection: begins streams, and finds out when the server has gone. */
export class ClientConnection implements ConnectionRole, WireReader {
  readonly side = "client";
  readonly connection: Connection;
  readonly #wire: ConnectionWire;
  readonly #options: ClientConnectionOptions;
  /** No new streams: the server said GOAWAY, or the numbers are used up. */
  #retired = false;
  #settled = false;
  readonly #wheel: TimerWheel;
  readonly #idle = new Deadline(() => this.close());
  readonly #keepalive = new Deadline(() => this.#keptAlive());
  readonly #handshake = new Deadline(() =>
    this.connection.fail(new Http2Error(errorCode.SETTINGS_TIMEOUT, "our SETTINGS were not acknowledged")),
  );
  #check: Timer | undefined;

  constructor(wire: ConnectionWire, options: ClientConnectionOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#wheel = timerWheel(options.clock);
    this.connection = new Connection(this, options.limits, options.clock);
    this.#wheel.set(this.#handshake, options.handshakeMs);
    this.connection.begin();
  }

  /** False when new streams need another connection. */
  get usable(): boolean {
    return !this.#retired && !this.connection.over;
  }

  /** True while an answer to a PING is overdue, or soon will be. */
  get suspected(): boolean {
    return this.#check !== undefined;
  }

  /** Whether the server takes CONNECT with a protocol; undefined until its SETTINGS say. */
  get extendedConnect(): boolean | undefined {
    return this.#settled ? this.connection.peer.extendedConnect : undefined;
  }

  /** True when a stream may begin now. */
  get ready(): boolean {
    const { peer, streams } = this.connection;
    const most = this.#settled
      ? peer.maxConcurrentStreams
      : Math.min(peer.maxConcurrentStreams, assumedStreams);
    return this.usable && !this.suspected && streams.size < most;
  }

  /** Begins a stream; the caller has looked at `ready`, and sends the head at once. */
  begin(listener: StreamListener): Http2Stream {
    const { connection } = this;
    connection.lastLocalId += 2;
    // RFC 9113 §5.1.1: numbers are not used again.
    if (connection.lastLocalId >= maxWindow - 2) this.#retire();
    return connection.add(connection.lastLocalId, listener);
  }

  /** Somebody gave up waiting: a server that has vanished also leaves a PING unanswered, and loses the connection. */
  suspect(): void {
    const { connection } = this;
    const { clock, pingMs } = this.#options;
    if (this.suspected || connection.over) return;
    this.#check = clock.after(pingMs, () => this.#dead(`no answer to a PING within ${pingMs} ms`), {
      background: true,
    });
    connection.ping(() => {
      this.#check?.cancel();
      this.#check = undefined;
      this.#options.onChange(this);
    });
    // Not at the end of the turn: a caller that timed out may be the last thing to happen in it.
    connection.sender.flush();
  }

  /** Says good-bye; open streams fail. */
  close(): void {
    this.connection.fail(new Http2Error(errorCode.NO_ERROR, "the client closes"));
  }

  receive(chunk: Buffer): void {
    this.connection.receive(chunk);
  }

  cut(error: Error | undefined): void {
    this.connection.lose(new Http2Error(errorCode.CANCEL, error?.message ?? "the connection was closed"));
    this.#options.onOver(this);
  }

  write(pieces: readonly Uint8Array[], done: () => void): void {
    this.#wire.write(pieces, done);
  }

  /** Servers begin no streams: pushing is off. */
  open(id: number): void {
    throw new Http2Error(errorCode.PROTOCOL_ERROR, `a server has no stream ${id} to begin`);
  }

  /** Interim heads, the head, then trailers (RFC 9113 §8.1). */
  head(stream: Http2Stream, block: FieldBlock, end: boolean): void {
    const { connection } = this;
    const broken = (problem: string): Http2Error =>
      new Http2Error(errorCode.PROTOCOL_ERROR, `a malformed answer: ${problem}`, stream.id);
    if (block.tooLong) throw broken("its header list is longer than we said we take");
    if (stream.headed) {
      const problem = end ? trailersProblem(block.fields) : "a second head";
      if (problem !== undefined) throw broken(problem);
      if (stream.expected !== undefined && stream.expected > 0)
        throw broken("the body is shorter than announced");
      connection.remoteEnd(stream, block.fields);
      return;
    }
    const problem = responseProblem(block.fields);
    if (problem !== undefined) throw broken(problem);
    const status = Number(block.fields[1]);
    if (status < 200) {
      if (end) throw broken("an interim head that ends the stream");
      stream.listener.onHead(status, block.fields, false);
      return;
    }
    stream.headed = true;
    const expected = announcedLength(block.fields);
    if (Number.isNaN(expected)) throw broken("a content-length that is none");
    // An answer to HEAD, and 304, announce what they would have sent (RFC 9110 §8.6).
    stream.expected = end ? undefined : expected;
    stream.listener.onHead(status, block.fields, end);
    if (end && !stream.closed) connection.remoteEnd(stream, noFields);
  }

  busy(busy: boolean): void {
    const { idleMs, keepaliveMs } = this.#options;
    this.#wire.hold(busy);
    if (busy) {
      this.#wheel.clear(this.#idle);
      this.#wheel.set(this.#keepalive, keepaliveMs);
      return;
    }
    this.#wheel.clear(this.#keepalive);
    if (this.#retired) this.close();
    else this.#wheel.set(this.#idle, idleMs);
  }

  freed(): void {
    this.#options.onChange(this);
  }

  settings(): void {
    this.#settled = true;
    this.#options.onChange(this);
  }

  acknowledged(): void {
    this.#wheel.remove(this.#handshake);
  }

  /** RFC 9113 §6.8: streams above the last id were not looked at and may be sent again elsewhere. */
  goaway(lastId: number, code: number, debug: string): void {
    this.#retire();
    const why = `${errorName(code)}${debug === "" ? "" : `: ${debug}`}`;
    this.connection.abandon(lastId, `the server is leaving (${why})`);
    if (this.connection.streams.size === 0) this.close();
  }

  congested(full: boolean): void {
    if (full) this.#wire.pause();
    else this.#wire.resume();
  }

  stalled(): void {
    // The server's flow control is its affair; a call that cannot be sent ends by its deadline.
  }

  held(): void {
    // What a request is made of is its caller's, who has it anyway.
  }

  over(): void {
    this.#wheel.remove(this.#idle);
    this.#wheel.remove(this.#keepalive);
    this.#wheel.remove(this.#handshake);
    this.#check?.cancel();
    this.#check = undefined;
    // Somebody may be waiting for its end, which comes within a moment: until then it keeps the process.
    this.#wire.hold(true);
    this.#wire.close();
    this.#options.onChange(this);
  }

  #retire(): void {
    this.#retired = true;
    this.#options.onChange(this);
  }

  #keptAlive(): void {
    this.suspect();
    if (this.connection.streams.size > 0 && !this.connection.over)
      this.#wheel.set(this.#keepalive, this.#options.keepaliveMs);
  }

  #dead(reason: string): void {
    this.#check = undefined;
    this.connection.lose(new Http2Error(errorCode.CANCEL, reason));
    this.#wire.destroy();
  }
}
