import { TuskerError } from "../../kernel/index.ts";
import type { Account } from "./arriving.ts";
import { frameOverhead } from "./frame.ts";

/** Takes messages. Bytes are lent for the length of the call. */
export interface MessageSink {
  message(bytes: Buffer, compressed: boolean): void;
}

/**
 * Cuts the body of a call into messages: a flag byte, a length of four bytes (big-endian), the message. A message that
 * came in one piece is not copied; one that did not is collected, never more than `maxBytes`.
 */
export class MessageReader {
  readonly #sink: MessageSink;
  readonly #maxBytes: number;
  /** The message that still arrives, with its prefix. */
  #held: Buffer | undefined;
  #have = 0;
  /** Made for a prefix that came in pieces, which is rare. */
  #prefix: Buffer = empty;

  readonly #arriving: Account | undefined;

  /** @param arriving undefined: nobody else is to be spared */
  constructor(sink: MessageSink, maxBytes: number, arriving?: Account) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    this.#arriving = arriving;
  }

  /** True in the middle of a message: the body may not end here. */
  get partial(): boolean {
    return this.#have > 0;
  }

  /** Forgets a message that will not be whole. Nothing may be pushed from here on. */
  drop(): void {
    if (this.#held !== undefined) this.#arriving?.giveBack(this.#have - frameOverhead);
    this.#held = undefined;
    this.#have = 0;
  }

  /** @throws TuskerError NET_BODY_TOO_LARGE, NET_OVERLOADED, RPC_PROTOCOL, and what the sink throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.byteLength) {
      if (this.#have > 0) at = this.#complete(chunk, at);
      else {
        const end =
          chunk.byteLength - at < frameOverhead ? Infinity : at + frameOverhead + this.#length(chunk, at);
        if (end > chunk.byteLength) at = this.#complete(chunk, at);
        else {
          this.#sink.message(chunk.subarray(at + frameOverhead, end), chunk[at] === 1);
          at = end;
        }
      }
    }
  }

  /** Goes on with a message that is not there as a whole; returns where the next one begins. */
  #complete(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#have < frameOverhead) {
      if (this.#prefix === empty) this.#prefix = Buffer.alloc(frameOverhead);
      const count = Math.min(frameOverhead - this.#have, chunk.byteLength - at);
      chunk.copy(this.#prefix, this.#have, at, at + count);
      this.#have += count;
      at += count;
      if (this.#have < frameOverhead) return at;
      this.#held = borrow(this.#length(this.#prefix, 0));
    }
    const held = this.#held ?? empty;
    const count = Math.min(frameOverhead + held.byteLength - this.#have, chunk.byteLength - at);
    this.#arriving?.take(count);
    chunk.copy(held, this.#have - frameOverhead, at, at + count);
    this.#have += count;
    at += count;
    if (this.#have < frameOverhead + held.byteLength) return at;
    this.#arriving?.giveBack(held.byteLength);
    this.#have = 0;
    this.#held = undefined;
    this.#sink.message(held, this.#prefix[0] === 1);
    giveBack(held);
    return at;
  }

  #length(bytes: Buffer, at: number): number {
    const flag = bytes[at] ?? 0;
    if (flag > 1) throw new TuskerError("RPC_PROTOCOL", `the message has the unknown flag ${flag}`);
    const length = bytes.readUInt32BE(at + 1);
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    return length;
  }
}

export function tooLarge(maxBytes: number): TuskerError {
  const message = `the message is larger than the ${maxBytes} bytes allowed here`;
  return new TuskerError("NET_BODY_TOO_LARGE", message, { details: { maxBytes } });
}

const empty = Buffer.alloc(0);

/**
 * Memory of the last message that came in pieces, for the next: making and freeing a megabyte for each costs more than
 * everything else that happens to it.
 */
let spare: ArrayBuffer | undefined;
const [leastSpare, mostSpare] = [65_536, 4 * 1_048_576];

function borrow(bytes: number): Buffer {
  const memory = spare;
  if (memory === undefined || bytes < leastSpare || memory.byteLength < bytes)
    return Buffer.allocUnsafe(bytes);
  spare = undefined;
  return Buffer.from(memory, 0, bytes);
}

/** The message was lent for the length of a call, which is over. */
function giveBack({ buffer, byteLength }: Buffer): void {
  const fits = byteLength >= leastSpare && buffer.byteLength <= mostSpare;
  if (fits && buffer instanceof ArrayBuffer && buffer.byteLength > (spare?.byteLength ?? 0)) spare = buffer;
}
