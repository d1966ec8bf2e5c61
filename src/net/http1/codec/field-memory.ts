import type { HeaderList } from "../../exchange.ts";
import { lf } from "./characters.ts";
import type { Framing } from "./framing.ts";

/** Fields with what they say, as they were read the first time. */
export interface KnownFields {
  /** Every byte of them, the empty line at the end included. */
  readonly bytes: Buffer;
  readonly fields: HeaderList;
  readonly framing: Framing;
}

/**
 * The fields a connection sent last. Clients and services say the same again and again: a path changes, a cookie and a
 * dozen other fields do not. The same bytes mean the same, whatever they mean, so that they need not be read twice; one
 * comparison replaces scanning them, and whoever makes something of a list of fields finds the same list again.
 *
 * One memory serves all connections of a thread: each has a place in it, which it shares with others when there are
 * more connections than places.
 */
export class FieldMemory {
  readonly #known: (KnownFields | undefined)[];
  /** How long the fields were that came last: only what comes with the same length again is worth remembering. */
  readonly #lengths: Uint16Array;
  #next = 0;

  /** @param places power of two */
  constructor(places: number) {
    this.#known = new Array<KnownFields | undefined>(places).fill(undefined);
    this.#lengths = new Uint16Array(places);
  }

  /** A place for a new connection. */
  place(): number {
    this.#next = (this.#next + 1) % this.#known.length;
    return this.#next;
  }

  /** The fields that begin at `from`, if they are the ones of that place. */
  find(place: number, bytes: Buffer, from: number): KnownFields | undefined {
    const known = this.#known[place];
    if (known === undefined) return undefined;
    const { length } = known.bytes;
    // Two comparisons rule out nearly everything else.
    if (from + length > bytes.length || bytes[from + length - 1] !== lf) return undefined;
    return bytes.compare(known.bytes, 0, length, from, from + length) === 0 ? known : undefined;
  }

  /** Remembers fields that were read from `from` to `to`; gives back whether it did. */
  learn(place: number, bytes: Buffer, from: number, to: number, read: Omit<KnownFields, "bytes">): boolean {
    const length = to - from;
    if (length > mostBytes) return false;
    const again = this.#lengths[place] === length;
    this.#lengths[place] = length;
    if (again) this.#known[place] = { bytes: Buffer.from(bytes.subarray(from, to)), ...read };
    return again;
  }
}

/** Longer ones are not remembered. With a thousand places this bounds what clients can make us keep. */
const mostBytes = 4_096;

/** Of the requests to this thread. */
export const requestMemory: FieldMemory = new FieldMemory(1_024);

/** Of the answers to this thread. */
export const answerMemory: FieldMemory = new FieldMemory(1_024);
