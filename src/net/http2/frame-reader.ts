import { errorCode, Http2Error, initialFrameSize } from "./words.ts";

/** Takes frames. `bytes` from `from` to `end` is the payload, lent for the length of the call. */
export interface FrameSink {
  frame(type: number, flags: number, streamId: number, bytes: Buffer, from: number, end: number): void;
}

/**
 * Cuts a stream of bytes into frames (RFC 9113 §4.1). Holds at most one frame; a whole frame that came in one piece is
 * not copied.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The frame that is still arriving, in memory that goes round; undefined between frames. */
  #held: Buffer | undefined;
  #have = 0;
  /** How long it will be, its head included; as long as the head until that is known. */
  #size = 0;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** What comes from here on is nobody's. */
  stop(): void {
    this.#stopped = true;
    this.#held = undefined;
    this.#have = 0;
  }

  /** @throws Http2Error FRAME_SIZE_ERROR, and whatever the sink throws */
  push(chunk: Buffer): void {
    let at = this.#have > 0 ? this.#complete(chunk) : 0;
    while (!this.#stopped && chunk.byteLength - at >= headBytes) {
      const end = at + headBytes + payloadBytes(chunk, at);
      if (end > chunk.byteLength) break;
      this.#emit(chunk, at, end);
      at = end;
    }
    if (!this.#stopped && at < chunk.byteLength) this.#hold(chunk, at);
  }

  /** Goes on with the frame that began in an earlier chunk; returns where the next one begins. */
  #complete(chunk: Buffer): number {
    const held = this.#held;
    if (held === undefined) return 0;
    let at = 0;
    if (this.#have < headBytes) {
      at = this.#take(held, chunk, at);
      if (this.#have < headBytes) return at;
      this.#size = headBytes + payloadBytes(held, 0);
    }
    at = this.#take(held, chunk, at);
    if (this.#have < this.#size) return at;
    this.#held = undefined;
    this.#have = 0;
    this.#emit(held, 0, this.#size);
    if (spare.length < maxSpare) spare.push(held);
    return at;
  }

  #hold(chunk: Buffer, from: number): void {
    const held = spare.pop() ?? Buffer.allocUnsafeSlow(headBytes + initialFrameSize);
    this.#held = held;
    this.#have = 0;
    this.#size = headBytes;
    const at = this.#take(held, chunk, from);
    if (this.#have < headBytes) return;
    this.#size = headBytes + payloadBytes(held, 0);
    this.#take(held, chunk, at);
  }

  #take(held: Buffer, chunk: Buffer, from: number): number {
    const count = Math.min(this.#size - this.#have, chunk.byteLength - from);
    chunk.copy(held, this.#have, from, from + count);
    this.#have += count;
    return from + count;
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    // RFC 9113 §4.1: the first bit of a stream identifier means nothing and is passed over.
    const streamId = readUint31(bytes, at + 5);
    this.#sink.frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, streamId, bytes, at + headBytes, end);
  }
}

export const headBytes = 9;

/** Memory for frames that arrive in pieces, for the next one of any connection: a peer sends one after the other. */
const spare: Buffer[] = [];
const maxSpare = 16;

function payloadBytes(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  // We never allow more than the initial SETTINGS_MAX_FRAME_SIZE.
  if (length > initialFrameSize)
    throw new Http2Error(errorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
  return length;
}

export function readUint31(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] ?? 0) & 0x7f) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)
  );
}
