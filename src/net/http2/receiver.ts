import type { HeaderList } from "../exchange.ts";
import type { Calm } from "./calm.ts";
import type { ClosedStreams } from "./closed-streams.ts";
import { FrameReader, type FrameSink, readUint31 } from "./frame-reader.ts";
import { type FieldBlock, HpackDecoder } from "./hpack/decoder.ts";
import type { ConnectionLimits, ConnectionRole } from "./role.ts";
import type { Sender } from "./sender.ts";
import type { PeerSettings } from "./settings.ts";
import { type Http2Stream, noFields } from "./stream.ts";
import type { Tally } from "./tally.ts";
import { errorCode, flag, frameType, Http2Error, initialTableSize, preface } from "./words.ts";

/** What the receiving half needs of its connection. */
export interface ReceiverPort {
  readonly role: ConnectionRole;
  readonly limits: ConnectionLimits;
  readonly peer: PeerSettings;
  readonly sender: Sender;
  readonly calm: Calm;
  readonly tally: Tally;
  readonly streams: ReadonlyMap<number, Http2Stream>;
  readonly closed: ClosedStreams;
  /** True for a stream that neither side has begun. */
  isIdle(id: number): boolean;
  /** The peer's half of a stream has ended. */
  remoteEnd(stream: Http2Stream, trailers: HeaderList): void;
  /** The reader is done with bytes of a stream. */
  consumed(stream: Http2Stream, bytes: number): void;
  /** Bytes that no stream takes are given back to the connection's window. */
  credit(bytes: number): void;
  peerReset(stream: Http2Stream, code: number): void;
  /** What the peer did breaks one stream. */
  failStream(error: Http2Error, streamId: number): void;
  pong(number: number): void;
}

/** Frames of one header block. Without a limit a block could go on for ever (CVE-2024-27316). */
const maxContinuations = 32;

/** The receiving half of a connection: every frame in every state (RFC 9113 §5.1, §6). */
export class Receiver implements FrameSink {
  readonly #port: ReceiverPort;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  /** Bytes of the preface that are there. */
  #preface: number;
  #settled = false;
  #acknowledged = false;
  #window: number;
  /** The header block that still arrives (RFC 9113 §4.3): no other frame may come in between. */
  #block: PartialBlock | undefined;

  constructor(port: ReceiverPort) {
    const { role, limits } = port;
    this.#port = port;
    this.#window = limits.connectionWindow;
    this.#preface = role.side === "server" ? 0 : preface.byteLength;
    this.#reader = new FrameReader(this);
    this.#decoder = new HpackDecoder({ maxTableSize: initialTableSize, maxListSize: limits.maxListSize });
  }

  /** True once the peer has confirmed our settings: from then on it must keep to them. */
  get acknowledged(): boolean {
    return this.#acknowledged;
  }

  /** @throws Http2Error when the connection is broken */
  push(chunk: Buffer): void {
    const from = this.#preface < preface.byteLength ? this.#readPreface(chunk) : 0;
    this.#reader.push(from === 0 ? chunk : chunk.subarray(from));
  }

  stop(): void {
    this.#reader.stop();
    this.#block = undefined;
  }

  /** The peer may send as much more on the connection. */
  grow(bytes: number): void {
    this.#window += bytes;
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    if (!this.#settled && (type !== frameType.SETTINGS || flags & flag.ACK))
      throw protocol("the first frame is no SETTINGS");
    if (this.#block !== undefined && (type !== frameType.CONTINUATION || id !== this.#block.id))
      throw protocol("a frame within a header block");
    try {
      this.#dispatch(type, flags, id, bytes, from, end);
    } catch (error) {
      if (!(error instanceof Http2Error) || error.streamId === undefined) throw error;
      this.#port.failStream(error, error.streamId);
    }
  }

  #dispatch(type: number, flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    switch (type) {
      case frameType.DATA:
        this.#data(flags, id, bytes, from, end);
        break;
      case frameType.HEADERS:
        this.#headers(flags, id, bytes, from, end);
        break;
      case frameType.PRIORITY:
        this.#priority(id, bytes, from, end);
        break;
      case frameType.RST_STREAM:
        this.#rstStream(id, bytes, from, end);
        break;
      case frameType.SETTINGS:
        this.#settings(flags, id, bytes, from, end);
        break;
      case frameType.PUSH_PROMISE:
        // Clients may not push, and we turn pushing off.
        throw protocol("a PUSH_PROMISE that nobody allowed");
      case frameType.PING:
        this.#ping(flags, id, bytes, from, end);
        break;
      case frameType.GOAWAY:
        this.#goaway(id, bytes, from, end);
        break;
      case frameType.WINDOW_UPDATE:
        this.#windowUpdate(id, bytes, from, end);
        break;
      case frameType.CONTINUATION:
        this.#continuation(flags, bytes, from, end);
        break;
      default:
        // RFC 9113 §4.1: unknown frames are passed over.
        this.#port.calm.count("frames that say nothing");
    }
  }

  #readPreface(chunk: Buffer): number {
    const count = Math.min(preface.byteLength - this.#preface, chunk.byteLength);
    if (preface.compare(chunk, 0, count, this.#preface, this.#preface + count) !== 0)
      throw protocol("the client does not begin as HTTP/2 does");
    this.#preface += count;
    return count;
  }

  /** RFC 9113 §6.1. */
  #data(flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    const port = this.#port;
    const length = end - from;
    if (id === 0) throw protocol("DATA on stream 0");
    this.#window -= length;
    if (this.#window < 0) throw flowControl("more bytes than the window of the connection");
    const body = unpadded(flags, bytes, from, end);
    const stream = port.streams.get(id);
    if (stream === undefined) {
      port.credit(length);
      this.#late(id, "DATA");
      return;
    }
    const refuse = (code: number, message: string): Http2Error => {
      port.credit(length);
      return new Http2Error(code, message, id);
    };
    if (stream.remoteEnded) throw refuse(errorCode.STREAM_CLOSED, "DATA after the end");
    if (!stream.headed) throw refuse(errorCode.PROTOCOL_ERROR, "DATA before the head of an answer");
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) throw refuse(errorCode.FLOW_CONTROL_ERROR, "more bytes than the window");
    const size = body.end - body.from;
    const last = (flags & flag.END_STREAM) !== 0;
    if (size === 0 && !last) port.calm.count("frames that say nothing");
    if (stream.expected !== undefined) {
      stream.expected -= size;
      if (stream.expected < 0 || (last && stream.expected > 0))
        throw refuse(errorCode.PROTOCOL_ERROR, "the body is not as long as content-length says");
    }
    stream.unread += length;
    if (length > size) port.consumed(stream, length - size);
    if (size > 0) stream.listener.onData(bytes.subarray(body.from, body.end));
    if (last && !stream.closed) port.remoteEnd(stream, noFields);
  }

  /** RFC 9113 §6.2. */
  #headers(flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    if (id === 0) throw protocol("HEADERS on stream 0");
    const body = unpadded(flags, bytes, from, end);
    let selfish = false;
    if (flags & flag.PRIORITY) {
      if (body.end - body.from < 5) throw frameSize("HEADERS without the priority it announces");
      selfish = readUint31(bytes, body.from) === id;
      body.from += 5;
    }
    const last = (flags & flag.END_STREAM) !== 0;
    if (flags & flag.END_HEADERS) this.#blockDone(id, last, selfish, bytes, body.from, body.end);
    else {
      const first = Buffer.from(bytes.subarray(body.from, body.end));
      this.#block = { id, last, selfish, parts: [first], size: first.byteLength };
    }
  }

  /** RFC 9113 §6.10. */
  #continuation(flags: number, bytes: Buffer, from: number, end: number): void {
    const block = this.#block;
    if (block === undefined) throw protocol("CONTINUATION without HEADERS");
    block.parts.push(Buffer.from(bytes.subarray(from, end)));
    block.size += end - from;
    // What is packed is never longer than what it says, but for a few bytes each field.
    if (block.parts.length > maxContinuations || block.size > this.#port.limits.maxListSize * 2)
      throw new Http2Error(errorCode.ENHANCE_YOUR_CALM, "a header block that does not end");
    if (!(flags & flag.END_HEADERS)) return;
    this.#block = undefined;
    const whole = Buffer.concat(block.parts, block.size);
    this.#blockDone(block.id, block.last, block.selfish, whole, 0, whole.byteLength);
  }

  #blockDone(id: number, last: boolean, selfish: boolean, bytes: Buffer, from: number, end: number): void {
    const port = this.#port;
    // Also the block of a stream that is long gone changes the table (RFC 9113 §4.3).
    const block: FieldBlock = this.#decoder.decode(bytes, from, end);
    const stream = port.streams.get(id);
    if (stream === undefined) {
      if (port.isIdle(id)) port.role.open(id, block, last);
      else this.#late(id, "HEADERS");
    } else {
      if (stream.remoteEnded) throw new Http2Error(errorCode.STREAM_CLOSED, "HEADERS after the end", id);
      if (block.malformed) throw new Http2Error(errorCode.PROTOCOL_ERROR, "a malformed field", id);
      port.role.head(stream, block, last);
    }
    // RFC 9113 §5.3.1 deprecates priorities; a stream that depends on itself is still none we understand.
    if (selfish && port.streams.has(id))
      throw new Http2Error(errorCode.PROTOCOL_ERROR, "a stream that depends on itself", id);
  }

  /** RFC 9113 §6.3: deprecated, checked, and passed over. */
  #priority(id: number, bytes: Buffer, from: number, end: number): void {
    if (id === 0) throw protocol("PRIORITY on stream 0");
    if (end - from !== 5) throw new Http2Error(errorCode.FRAME_SIZE_ERROR, "PRIORITY has 5 bytes", id);
    this.#port.calm.count("frames that say nothing");
    // RFC 9113 §5.4.2: a stream that is not open cannot be reset.
    if (readUint31(bytes, from) === id && this.#port.streams.has(id))
      throw new Http2Error(errorCode.PROTOCOL_ERROR, "a stream that depends on itself", id);
  }

  /** RFC 9113 §6.4. */
  #rstStream(id: number, bytes: Buffer, from: number, end: number): void {
    const port = this.#port;
    if (id === 0 || port.isIdle(id)) throw protocol("RST_STREAM on a stream that never was");
    if (end - from !== 4) throw frameSize("RST_STREAM has 4 bytes");
    if (port.role.side === "server") port.calm.count("streams reset by the peer");
    const stream = port.streams.get(id);
    if (stream !== undefined) port.peerReset(stream, readUint32(bytes, from));
  }

  /** RFC 9113 §6.5. */
  #settings(flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    const { peer, sender, streams, role, calm } = this.#port;
    if (id !== 0) throw protocol("SETTINGS on a stream");
    if (flags & flag.ACK) {
      if (end !== from) throw frameSize("an acknowledgement with a payload");
      this.#acknowledged = true;
      role.acknowledged();
      return;
    }
    if ((end - from) % 6 !== 0) throw frameSize("SETTINGS has 6 bytes for each");
    calm.count("PING and SETTINGS frames");
    const before = peer.window;
    peer.adopt(bytes, from, end, role.side === "client");
    this.#settled = true;
    sender.encoder.resize(peer.tableSize);
    sender.control(frameType.SETTINGS, flag.ACK, 0);
    // RFC 9113 §6.9.2: the windows of all streams move, also below zero.
    if (peer.window !== before) {
      for (const stream of [...streams.values()]) {
        if (stream.sendWindow + peer.window - before > 0x7fff_ffff)
          throw flowControl("a new window overflows those of the streams");
        sender.growStream(stream, peer.window - before);
      }
    }
    role.settings();
  }

  /** RFC 9113 §6.7. */
  #ping(flags: number, id: number, bytes: Buffer, from: number, end: number): void {
    const { sender, calm } = this.#port;
    if (id !== 0) throw protocol("PING on a stream");
    if (end - from !== 8) throw frameSize("PING has 8 bytes");
    const [high, low] = [readUint32(bytes, from), readUint32(bytes, from + 4)];
    if (flags & flag.ACK) {
      if (high === 0) this.#port.pong(low);
      return;
    }
    calm.count("PING and SETTINGS frames");
    this.#port.tally.keepalives++;
    sender.control(frameType.PING, flag.ACK, 0, high, low);
  }

  /** RFC 9113 §6.8. */
  #goaway(id: number, bytes: Buffer, from: number, end: number): void {
    if (id !== 0) throw protocol("GOAWAY on a stream");
    if (end - from < 8) throw frameSize("GOAWAY has at least 8 bytes");
    this.#port.calm.count("PING and SETTINGS frames");
    const debug = bytes.toString("latin1", from + 8, Math.min(end, from + 8 + 200));
    this.#port.role.goaway(readUint31(bytes, from), readUint32(bytes, from + 4), debug);
  }

  /** RFC 9113 §6.9. */
  #windowUpdate(id: number, bytes: Buffer, from: number, end: number): void {
    const { sender, streams } = this.#port;
    if (end - from !== 4) throw frameSize("WINDOW_UPDATE has 4 bytes");
    const increment = readUint31(bytes, from);
    if (id === 0) {
      if (increment === 0) throw protocol("a window that grows by nothing");
      sender.grow(increment);
      return;
    }
    if (this.#port.isIdle(id)) throw protocol("WINDOW_UPDATE on a stream that never was");
    const stream = streams.get(id);
    if (stream === undefined) return;
    if (increment === 0) throw new Http2Error(errorCode.PROTOCOL_ERROR, "a window that grows by nothing", id);
    sender.growStream(stream, increment);
  }

  /** DATA or HEADERS on a stream that is not open (RFC 9113 §5.1, "closed" and "idle"). */
  #late(id: number, what: string): void {
    const { closed, calm } = this.#port;
    if (this.#port.isIdle(id)) throw protocol(`${what} on a stream that never was`);
    switch (closed.find(id)) {
      case "reset by us":
        // It was under way when we reset the stream.
        return;
      case "reset by the peer":
        calm.count("streams reset for what the peer sent");
        throw new Http2Error(errorCode.STREAM_CLOSED, `${what} after RST_STREAM`, id);
      case "ended":
        throw new Http2Error(errorCode.STREAM_CLOSED, `${what} on stream ${id}, which is over`);
      case undefined:
        throw protocol(`${what} on stream ${id}, which was passed over`);
    }
  }
}

interface PartialBlock {
  readonly id: number;
  readonly last: boolean;
  readonly selfish: boolean;
  readonly parts: Buffer[];
  size: number;
}

/** RFC 9113 §6.1: padding that is as long as the frame, or longer, breaks the connection. */
function unpadded(flags: number, bytes: Buffer, from: number, end: number): { from: number; end: number } {
  if (!(flags & flag.PADDED)) return { from, end };
  if (end === from) throw frameSize("a padded frame without a length of its padding");
  const padding = bytes[from] ?? 0;
  if (padding >= end - from) throw protocol("padding that is longer than its frame");
  return { from: from + 1, end: end - padding };
}

function readUint32(bytes: Buffer, at: number): number {
  return readUint31(bytes, at) + (((bytes[at] ?? 0) & 0x80) === 0 ? 0 : 0x8000_0000);
}

function protocol(message: string): Http2Error {
  return new Http2Error(errorCode.PROTOCOL_ERROR, message);
}
function frameSize(message: string): Http2Error {
  return new Http2Error(errorCode.FRAME_SIZE_ERROR, message);
}
function flowControl(message: string): Http2Error {
  return new Http2Error(errorCode.FLOW_CONTROL_ERROR, message);
}
