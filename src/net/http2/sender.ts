import type { HeaderList } from "../exchange.ts";
import { flushAfterTurn } from "../socket/turn.ts";
import { headBytes } from "./frame-reader.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import { type Flight, Output, recycle } from "./output.ts";
import type { PeerSettings } from "./settings.ts";
import { type Http2Stream, noFields } from "./stream.ts";
import type { Tail } from "./streams.ts";
import { errorCode, flag, frameType, Http2Error, initialWindow, maxWindow } from "./words.ts";

/** Where bytes go. */
export interface Duct {
  /** Writes all pieces at once; `done` when the memory is free again, also when the connection is lost. */
  write(pieces: readonly Uint8Array[], done: () => void): void;
}

/** Bytes on their way above which streams wait, so that the next frames can still be chosen fairly. */
const highWater = 256 * 1_024;

/**
 * The sending half of a connection: frames, windows and turns (RFC 9113 §5.2, §6.9). Streams that cannot send wait in
 * one line and get one frame each in turn, so that a large body does not stand in the way of a small one.
 */
export class Sender {
  readonly output: Output = new Output();
  readonly encoder: HpackEncoder = new HpackEncoder();
  readonly #duct: Duct;
  readonly #peer: PeerSettings;
  readonly #hooks: SenderHooks;
  #window: number = initialWindow;
  /** Streams with bytes that wait for the connection's window or for the socket. */
  readonly #waiting = new Set<Http2Stream>();
  #scheduled = false;
  #flight: Flight | undefined;
  #over = false;
  /** DATA bytes and writes that went out, to see whether anything moves. */
  sent = 0;
  /** Everything handed to the socket. */
  bytesSent = 0;

  constructor(duct: Duct, peer: PeerSettings, hooks: SenderHooks) {
    this.#duct = duct;
    this.#peer = peer;
    this.#hooks = hooks;
  }

  /** Bytes that the socket has not taken. */
  get pending(): number {
    return this.output.size + (this.#flight?.size ?? 0);
  }

  /** True while a stream cannot send although it has something to say. */
  get waiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Hands over what is collected, also to a socket that is busy; nothing is sent from here on. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting.clear();
    const last = this.output.take();
    if (last.size > 0) this.#duct.write(last.pieces, () => recycle(last));
  }

  /** A control frame with up to two numbers as payload. */
  control(type: number, flags: number, streamId: number, ...words: readonly number[]): void {
    this.output.frame(type, flags, streamId, ...words);
    this.#schedule();
  }

  /** A control frame with bytes as payload. */
  bytes(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const { output } = this;
    output.reserve(headBytes + payload.byteLength);
    output.head(output.at, type, flags, streamId, payload.byteLength);
    output.buffer.set(payload, output.at + headBytes);
    output.at += headBytes + payload.byteLength;
    this.#schedule();
  }

  head(stream: Http2Stream, fixed: HeaderList, varying: HeaderList, flags: number): void {
    const { output, encoder } = this;
    const bound = encoder.bound(fixed, varying);
    if (bound > this.#peer.frameSize) {
      this.#longHead(stream.id, fixed, varying, flags);
      return;
    }
    output.reserve(headBytes + bound);
    const start = output.at;
    const end = encoder.encode(fixed, varying, output.buffer, start + headBytes);
    output.head(start, frameType.HEADERS, flags | flag.END_HEADERS, stream.id, end - start - headBytes);
    output.at = end;
    this.#schedule();
  }

  /** Sends or queues; true when nothing has to wait. */
  data(stream: Http2Stream, bytes: Uint8Array): boolean {
    if (stream.queue !== undefined) {
      stream.queue.push(bytes);
      this.#hooks.held(bytes.byteLength);
    } else if (this.#fits(stream, bytes.byteLength)) this.#frame(stream, bytes, 0);
    else {
      stream.queue = [bytes];
      this.#hooks.held(bytes.byteLength);
      this.#pump(stream);
    }
    if (stream.queue === undefined) return true;
    stream.wantsDrain = true;
    return false;
  }

  /** Ends our half once the queue is sent. */
  end(stream: Http2Stream, tail: Tail): void {
    stream.tail = tail;
    if (stream.queue === undefined) this.#finish(stream);
  }

  /** The whole of a message whose bytes fit, or its beginning. */
  message(stream: Http2Stream, bytes: Uint8Array, tail: Tail): void {
    if (stream.queue === undefined && tail === noTail && this.#fits(stream, bytes.byteLength)) {
      this.#frame(stream, bytes, flag.END_STREAM);
      this.#hooks.localEnd(stream);
      return;
    }
    this.data(stream, bytes);
    this.end(stream, tail);
    stream.wantsDrain = false;
  }

  /** Forgets what a stream had to say. */
  drop(stream: Http2Stream): void {
    if (stream.queue !== undefined) this.#hooks.held(stream.queueAt - bytesIn(stream.queue));
    stream.queue = undefined;
    stream.queueAt = 0;
    stream.tail = undefined;
    this.#waiting.delete(stream);
  }

  /** WINDOW_UPDATE of the connection. @throws Http2Error */
  grow(increment: number): void {
    this.#window += increment;
    if (this.#window > maxWindow)
      throw new Http2Error(errorCode.FLOW_CONTROL_ERROR, "the window of the connection overflows");
    this.#resume();
  }

  /** WINDOW_UPDATE of a stream, or a new initial window, which may be negative (RFC 9113 §6.9.2). */
  growStream(stream: Http2Stream, increment: number): void {
    stream.sendWindow += increment;
    if (stream.sendWindow > maxWindow)
      throw new Http2Error(errorCode.FLOW_CONTROL_ERROR, "a window overflows", stream.id);
    if (stream.queue !== undefined) this.#pump(stream);
  }

  /** Hands everything to the socket; what comes while it is busy waits for the next write. */
  flush(): void {
    this.#scheduled = false;
    if (this.#over || this.#flight !== undefined || this.output.size === 0) return;
    const flight = this.output.take();
    this.#flight = flight;
    this.bytesSent += flight.size;
    this.#duct.write(flight.pieces, () => {
      this.#flight = undefined;
      this.sent++;
      recycle(flight);
      if (this.#over) return;
      this.#resume();
      if (this.output.size > 0) this.#schedule();
      this.#hooks.written();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    flushAfterTurn(this);
  }

  #room(stream: Http2Stream): number {
    return Math.min(stream.sendWindow, this.#window, this.#peer.frameSize);
  }

  #fits(stream: Http2Stream, bytes: number): boolean {
    return bytes <= this.#room(stream) && this.pending < highWater;
  }

  /** One DATA frame; the caller has looked at the windows. */
  #frame(stream: Http2Stream, bytes: Uint8Array, flags: number): void {
    const { output } = this;
    const length = bytes.byteLength;
    output.reserve(headBytes);
    output.head(output.at, frameType.DATA, flags, stream.id, length);
    output.at += headBytes;
    output.append(bytes);
    stream.sendWindow -= length;
    this.#window -= length;
    this.sent += length;
    this.#schedule();
  }

  /** Sends what may be sent of a queue. */
  #pump(stream: Http2Stream): void {
    while (this.#step(stream));
  }

  /** One frame of a queue; false when the stream has to wait or is through. */
  #step(stream: Http2Stream): boolean {
    const { queue } = stream;
    const bytes = queue?.[0];
    if (queue === undefined || bytes === undefined) return false;
    const left = bytes.byteLength - stream.queueAt;
    const room = Math.min(left, this.#room(stream));
    const stuck = this.pending >= highWater || (this.#window <= 0 && left > 0);
    if (stuck) this.#waiting.add(stream);
    if (stuck || (room <= 0 && left > 0)) return false;
    this.#frame(stream, bytes.subarray(stream.queueAt, stream.queueAt + room), 0);
    this.#hooks.held(-room);
    if (room < left) {
      stream.queueAt += room;
      return true;
    }
    stream.queueAt = 0;
    queue.shift();
    if (queue.length > 0) return true;
    this.#drained(stream);
    return false;
  }

  #drained(stream: Http2Stream): void {
    stream.queue = undefined;
    this.#waiting.delete(stream);
    if (stream.tail !== undefined) this.#finish(stream);
    else if (stream.wantsDrain) {
      stream.wantsDrain = false;
      stream.listener.onDrained();
    }
  }

  #finish(stream: Http2Stream): void {
    const { fixed, varying } = stream.tail ?? noTail;
    stream.tail = undefined;
    if (fixed.length + varying.length > 0) this.head(stream, fixed, varying, flag.END_STREAM);
    else this.#frame(stream, nothing, flag.END_STREAM);
    this.#hooks.localEnd(stream);
  }

  /** One frame for each that waits, again and again, until the window is used up or the socket has enough. */
  #resume(): void {
    let moved = this.#waiting.size > 0;
    while (moved && this.#window > 0 && this.pending < highWater) {
      moved = false;
      for (const stream of [...this.#waiting]) {
        if (this.#step(stream)) moved = true;
        // A stream whose own window is used up is woken by its own WINDOW_UPDATE.
        else if (stream.sendWindow <= 0) this.#waiting.delete(stream);
      }
    }
  }

  /** RFC 9113 §6.10: a block that fits in no frame goes on in CONTINUATION frames. */
  #longHead(streamId: number, fixed: HeaderList, varying: HeaderList, flags: number): void {
    const block = Buffer.allocUnsafe(this.encoder.bound(fixed, varying));
    const end = this.encoder.encode(fixed, varying, block, 0);
    const { frameSize } = this.#peer;
    for (let at = 0; at < end || at === 0; at += frameSize) {
      const last = at + frameSize >= end ? flag.END_HEADERS : 0;
      const type = at === 0 ? frameType.HEADERS : frameType.CONTINUATION;
      const own = at === 0 ? flags | last : last;
      this.bytes(type, own, streamId, block.subarray(at, Math.min(end, at + frameSize)));
    }
  }
}

export interface SenderHooks {
  /** Our half of a stream has ended. */
  localEnd(stream: Http2Stream): void;
  /** So many bytes more, or fewer, wait in the queues of streams. */
  held(change: number): void;
  /** The socket took everything it was given. */
  written(): void;
}

/** An end without trailers. */
export const noTail: Tail = { fixed: noFields, varying: noFields };
const nothing = new Uint8Array(0);

function bytesIn(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
