import type { Clock } from "../../kernel/index.ts";
import type { HeaderList } from "../exchange.ts";
import { Calm } from "./calm.ts";
import { ClosedStreams, type Closing } from "./closed-streams.ts";
import { Receiver, type ReceiverPort } from "./receiver.ts";
import type { ConnectionLimits, ConnectionRole } from "./role.ts";
import { noTail, Sender } from "./sender.ts";
import { PeerSettings } from "./settings.ts";
import { Http2Stream, type StreamPort } from "./stream.ts";
import type { StreamFailure, StreamListener, Tail } from "./streams.ts";
import { Tally } from "./tally.ts";
import {
  errorCode,
  errorName,
  flag,
  frameType,
  Http2Error,
  initialWindow,
  preface,
  settingId,
} from "./words.ts";

/** Unsent bytes above which nothing more is read: answers to a peer that does not read must not pile up. */
const fullWater = 1_024 * 1_024;

/**
 * One connection of HTTP/2 (RFC 9113) without its socket: bytes go in by `receive`, frames come out through the role's
 * `write`. The receiver holds the rules for what comes, the sender those for what goes; here they meet in the streams.
 */
export class Connection implements StreamPort, ReceiverPort {
  readonly role: ConnectionRole;
  readonly limits: ConnectionLimits;
  readonly peer: PeerSettings = new PeerSettings();
  readonly sender: Sender;
  readonly calm: Calm;
  readonly streams: Map<number, Http2Stream> = new Map();
  readonly closed: ClosedStreams = new ClosedStreams();
  readonly tally: Tally;
  readonly #clock: Clock;
  readonly #receiver: Receiver;
  readonly #pings = new Map<number, () => void>();
  #pingCount = 0;
  #unacknowledged = 0;
  #full = false;
  #stalled = false;
  #over = false;
  /** The highest stream each side has begun. */
  lastLocalId: number;
  lastRemoteId = 0;

  constructor(role: ConnectionRole, limits: ConnectionLimits, clock: Clock) {
    this.role = role;
    this.limits = limits;
    this.#clock = clock;
    this.tally = new Tally(clock.now());
    this.calm = new Calm(clock);
    // RFC 9113 §5.1.1: clients count 1, 3, 5; servers would count 2, 4, 6 and begin none here.
    this.lastLocalId = role.side === "client" ? -1 : 0;
    this.sender = new Sender(role, this.peer, {
      localEnd: (stream) => this.#localEnd(stream),
      held: (change) => role.held(change),
      written: () => this.#look(),
    });
    this.#receiver = new Receiver(this);
  }

  get initialSendWindow(): number {
    return this.peer.window;
  }

  get initialReceiveWindow(): number {
    return this.limits.streamWindow;
  }

  /** True once the peer has confirmed our settings. */
  get acknowledged(): boolean {
    return this.#receiver.acknowledged;
  }

  /** True while the peer does not take what we have for it. */
  get behind(): boolean {
    return this.#full || this.#stalled;
  }

  /** True when nothing can be sent or received any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends what a connection begins with (RFC 9113 §3.4). */
  begin(): void {
    const { sender, limits } = this;
    const server = this.role.side === "server";
    if (!server) sender.output.append(preface);
    const list: [number, number][] = [
      server ? [settingId.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams] : [settingId.ENABLE_PUSH, 0],
      [settingId.INITIAL_WINDOW_SIZE, limits.streamWindow],
      [settingId.MAX_HEADER_LIST_SIZE, limits.maxListSize],
    ];
    if (limits.extendedConnect) list.push([settingId.ENABLE_CONNECT_PROTOCOL, 1]);
    const payload = Buffer.allocUnsafe(list.length * 6);
    for (const [i, [id, value]] of list.entries())
      payload.writeUInt32BE(value, payload.writeUInt16BE(id, i * 6));
    sender.bytes(frameType.SETTINGS, 0, 0, payload);
    const more = limits.connectionWindow - initialWindow;
    if (more > 0) sender.control(frameType.WINDOW_UPDATE, 0, 0, more);
  }

  /** Bytes of the peer, lent for the length of the call. */
  receive(chunk: Buffer): void {
    if (this.#over) return;
    this.tally.heardMs = this.#clock.now();
    this.tally.bytesReceived += chunk.byteLength;
    try {
      this.#receiver.push(chunk);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.fail(error);
    }
    this.#look();
  }

  /** Breaks the connection: the peer is told the code, and every stream ends (RFC 9113 §5.4.1). */
  fail(error: Http2Error): void {
    if (this.#over) return;
    this.goaway(this.lastRemoteId, error.code, error.message);
    this.lose(error);
  }

  /** RFC 9113 §6.8. */
  goaway(lastId: number, code: number, debug: string = ""): void {
    const text = Buffer.from(debug, "latin1");
    const payload = Buffer.allocUnsafe(8 + text.byteLength);
    payload.writeUInt32BE(lastId, 0);
    payload.writeUInt32BE(code, 4);
    payload.set(text, 8);
    this.sender.bytes(frameType.GOAWAY, 0, 0, payload);
  }

  /** Ends the connection; what is collected is still written. Every open stream hears of it. */
  lose(error: Http2Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.stop();
    this.sender.finish();
    this.#pings.clear();
    const open = [...this.streams.values()];
    this.streams.clear();
    this.tally.failed += open.length;
    const message = error?.message ?? "the connection was lost";
    const code = error?.code ?? errorCode.CANCEL;
    for (const stream of open) this.#failed(stream, { code, by: "connection", unprocessed: false, message });
    this.role.over(error);
  }

  /** Calls `answered` when the peer has answered, which it does after everything sent to it before. */
  ping(answered: () => void): void {
    const number = ++this.#pingCount;
    this.#pings.set(number, answered);
    this.sender.control(frameType.PING, 0, 0, 0, number);
  }

  pong(number: number): void {
    const answered = this.#pings.get(number);
    this.#pings.delete(number);
    answered?.();
  }

  /** A stream that begins. */
  add(id: number, listener: StreamListener): Http2Stream {
    const stream = new Http2Stream(id, this, listener);
    this.streams.set(id, stream);
    this.tally.begun++;
    if (this.streams.size === 1) this.role.busy(true);
    return stream;
  }

  isIdle(id: number): boolean {
    const local = (id & 1) === (this.role.side === "client" ? 1 : 0);
    return id > (local ? this.lastLocalId : this.lastRemoteId);
  }

  sendHead(stream: Http2Stream, fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void {
    if (stream.closed || stream.localEnded) return;
    this.sender.head(stream, fixed, varying, end === "end" ? flag.END_STREAM : 0);
    if (end === "end") this.#localEnd(stream);
  }

  sendData(stream: Http2Stream, bytes: Uint8Array): boolean {
    if (stream.closed || stream.localEnded || stream.tail !== undefined) return true;
    if (this.sender.data(stream, bytes)) return true;
    this.#look();
    return false;
  }

  sendEnd(stream: Http2Stream, tail: Tail): void {
    if (stream.closed || stream.localEnded || stream.tail !== undefined) return;
    this.sender.end(stream, tail);
  }

  sendMessage(stream: Http2Stream, head: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void {
    if (stream.closed || stream.localEnded) return;
    const bare = body === undefined && tail === undefined;
    this.sender.head(stream, head.fixed, head.varying, bare ? flag.END_STREAM : 0);
    if (bare) this.#localEnd(stream);
    else if (body === undefined) this.sender.end(stream, tail ?? noTail);
    else this.sender.message(stream, body, tail ?? noTail);
  }

  sendReset(stream: Http2Stream, code: number): void {
    if (stream.closed) return;
    this.sender.control(frameType.RST_STREAM, 0, stream.id, code);
    this.#close(stream, "reset by us");
  }

  consumed(stream: Http2Stream, bytes: number): void {
    // What a broken stream had not read was given back when it broke.
    if (stream.unread < bytes) return;
    stream.unread -= bytes;
    this.credit(bytes);
    if (stream.remoteEnded || stream.closed) return;
    stream.unacknowledged += bytes;
    if (stream.unacknowledged * 2 < this.limits.streamWindow) return;
    this.sender.control(frameType.WINDOW_UPDATE, 0, stream.id, stream.unacknowledged);
    stream.receiveWindow += stream.unacknowledged;
    stream.unacknowledged = 0;
  }

  credit(bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged * 2 < this.limits.connectionWindow) return;
    this.sender.control(frameType.WINDOW_UPDATE, 0, 0, this.#unacknowledged);
    this.#receiver.grow(this.#unacknowledged);
    this.#unacknowledged = 0;
  }

  remoteEnd(stream: Http2Stream, trailers: HeaderList): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.#close(stream, "ended");
    stream.listener.onEnd(trailers);
  }

  peerReset(stream: Http2Stream, code: number): void {
    this.#close(stream, "reset by the peer");
    const message = `the peer reset the stream (${errorName(code)})`;
    const unprocessed = code === errorCode.REFUSED_STREAM;
    stream.listener.onFailed({ code, by: "peer", unprocessed, message });
  }

  failStream(error: Http2Error, streamId: number): void {
    const stream = this.streams.get(streamId);
    this.sender.control(frameType.RST_STREAM, 0, streamId, error.code);
    if (this.role.side === "server") this.calm.count("streams reset for what the peer sent");
    if (stream === undefined) {
      this.closed.add(streamId, "reset by us");
      return;
    }
    this.#close(stream, "reset by us");
    stream.listener.onFailed({ code: error.code, by: "us", unprocessed: false, message: error.message });
  }

  /** One stream too many (RFC 9113 §5.1.2). */
  refuse(id: number): void {
    this.sender.control(frameType.RST_STREAM, 0, id, errorCode.REFUSED_STREAM);
    this.closed.add(id, "reset by us");
    // Until it has our settings a client cannot know better.
    if (this.acknowledged) this.calm.count("streams reset for what the peer sent");
  }

  /** Ends streams the peer said it never looked at (RFC 9113 §6.8). */
  abandon(above: number, message: string): void {
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= above) continue;
      this.#close(stream, "reset by us");
      stream.listener.onFailed({ code: errorCode.REFUSED_STREAM, by: "peer", unprocessed: true, message });
    }
  }

  #localEnd(stream: Http2Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.#close(stream, "ended");
    // RFC 9113 §8.1: a whole answer may come before the end of the request, which then nobody needs any more. What is
    // in the bytes at hand is still read, so that a short request is not reset for nothing.
    else if (this.role.side === "server") setImmediate(() => this.sendReset(stream, errorCode.NO_ERROR));
  }

  #close(stream: Http2Stream, closing: Closing): void {
    if (stream.closed) return;
    stream.closed = true;
    this.closed.add(stream.id, closing);
    if (closing === "ended") this.tally.succeeded++;
    else this.tally.failed++;
    this.sender.drop(stream);
    if (closing !== "ended" && stream.unread > 0) {
      this.credit(stream.unread);
      stream.unread = 0;
    }
    this.streams.delete(stream.id);
    if (this.#over) return;
    if (this.streams.size === 0) this.role.busy(false);
    this.role.freed();
  }

  #failed(stream: Http2Stream, failure: StreamFailure): void {
    stream.closed = true;
    stream.queue = undefined;
    stream.listener.onFailed(failure);
  }

  /** Tells the role when the peer falls behind, and when it has caught up. */
  #look(): void {
    if (this.#over) return;
    const full = this.sender.pending > fullWater;
    if (full !== this.#full) {
      this.#full = full;
      this.role.congested(full);
    }
    const stalled = this.sender.waiting;
    if (stalled !== this.#stalled) {
      this.#stalled = stalled;
      if (stalled) this.tally.stalls++;
      this.role.stalled(stalled);
    }
  }
}
