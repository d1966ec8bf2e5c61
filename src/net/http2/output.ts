import { headBytes } from "./frame-reader.ts";

/**
 * Bytes on their way out of one connection, collected until the end of the turn of the event loop so that they leave in
 * one write. `buffer` and `at` are open so that codecs write in place: `reserve` first, then write from `at` and move
 * it on.
 */
export class Output {
  buffer: Buffer = nothing;
  at = 0;
  /** Where the part of `buffer` begins that is in no piece yet. */
  #from = 0;
  #pieces: Uint8Array[] = [];
  #segments: Buffer[] = [];
  #collected = 0;

  /** Bytes that wait for the end of the turn. */
  get size(): number {
    return this.#collected + this.at - this.#from;
  }

  /** Makes `buffer` hold `bytes` more from `at`. */
  reserve(bytes: number): void {
    if (this.buffer.byteLength - this.at >= bytes) return;
    this.#cut();
    this.#from = 0;
    this.at = 0;
    if (bytes > segmentBytes) {
      this.buffer = Buffer.allocUnsafeSlow(bytes);
      return;
    }
    this.buffer = spare.pop() ?? Buffer.allocUnsafeSlow(segmentBytes);
    this.#segments.push(this.buffer);
  }

  /** Puts the head of a frame at `at`. The caller has reserved. */
  head(at: number, type: number, flags: number, streamId: number, length: number): void {
    const { buffer } = this;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    writeUint32(buffer, at + 5, streamId);
  }

  /** A whole frame with a payload of up to two numbers of four bytes. */
  frame(type: number, flags: number, streamId: number, ...words: readonly number[]): void {
    const length = words.length * 4;
    this.reserve(headBytes + length);
    this.head(this.at, type, flags, streamId, length);
    this.at += headBytes;
    for (const word of words) {
      writeUint32(this.buffer, this.at, word);
      this.at += 4;
    }
  }

  /** Puts bytes after what is there: small ones by copy, large ones as they are, so nobody may change them. */
  append(bytes: Uint8Array): void {
    if (bytes.byteLength > copyBytes) {
      this.#cut();
      this.#pieces.push(bytes);
      this.#collected += bytes.byteLength;
      return;
    }
    this.reserve(bytes.byteLength);
    this.buffer.set(bytes, this.at);
    this.at += bytes.byteLength;
  }

  /** Everything collected. What is left of a segment is not kept: an idle connection holds none. */
  take(): Flight {
    this.#cut();
    const flight = { pieces: this.#pieces, segments: this.#segments, size: this.#collected };
    this.#pieces = [];
    this.#segments = [];
    this.#collected = 0;
    this.buffer = nothing;
    this.at = 0;
    this.#from = 0;
    return flight;
  }

  #cut(): void {
    if (this.at === this.#from) return;
    this.#pieces.push(this.buffer.subarray(this.#from, this.at));
    this.#collected += this.at - this.#from;
    this.#from = this.at;
  }
}

export function writeUint32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

const nothing = Buffer.alloc(0);
const segmentBytes = 16_384;

/** Above this a copy costs more than a piece of its own in the write. */
const copyBytes = 2_048;

/** Segments whose bytes are written, for the next turn of any connection. */
const spare: Buffer[] = [];
const maxSpare = 64;

/** What leaves in one write. */
export interface Flight {
  readonly pieces: readonly Uint8Array[];
  /** The memory of ours that the pieces lie in. */
  readonly segments: readonly Buffer[];
  readonly size: number;
}

/** Takes the memory of a flight back once it is written. */
export function recycle({ segments }: Flight): void {
  for (const segment of segments) if (spare.length < maxSpare) spare.push(segment);
}
