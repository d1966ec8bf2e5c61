import type { HeaderList } from "../../exchange.ts";
import { lf } from "./characters.ts";
import type { Framing } from "./framing.ts";
import type { StatusLine } from "./lines.ts";

/** Bytes with what they mean. */
export interface Remembered<M> {
  readonly bytes: Buffer;
  readonly meaning: M;
}

/** What fields say. */
export interface KnownFields {
  readonly fields: HeaderList;
  readonly framing: Framing;
}

/**
 * What connections sent last. Clients and services say the same again and again: a path changes, a cookie and a dozen
 * other fields do not. The same bytes mean the same, whatever they mean, so that they need not be read twice: one
 * comparison replaces scanning them, and whoever makes something of a list of fields finds the same list again.
 *
 * One memory serves all connections of a thread. Each has a place in it, which it shares with others when there are more
 * connections than places.
 */
export class HeadMemory<M> {
  readonly #known: (Remembered<M> | undefined)[];
  /** How long what came last was: only what comes with the same length again is worth remembering. */
  readonly #lengths: Uint16Array;
  #next = 0;

  constructor(places: number) {
    this.#known = new Array<Remembered<M> | undefined>(places).fill(undefined);
    this.#lengths = new Uint16Array(places);
  }

  /** A place for a new connection. */
  place(): number {
    this.#next = (this.#next + 1) % this.#known.length;
    return this.#next;
  }

  /** What is remembered at that place, if these are its bytes. */
  find(place: number, bytes: Buffer, from: number): Remembered<M> | undefined {
    const known = this.#known[place];
    if (known === undefined) return undefined;
    const { length } = known.bytes;
    // Two comparisons rule out nearly everything else.
    if (from + length > bytes.length || bytes[from + length - 1] !== lf) return undefined;
    return bytes.compare(known.bytes, 0, length, from, from + length) === 0 ? known : undefined;
  }

  /** Remembers what stands from `from` to `to`; gives back whether it did. */
  learn(place: number, bytes: Buffer, from: number, to: number, meaning: M): boolean {
    const length = to - from;
    if (length > mostBytes) return false;
    const again = this.#lengths[place] === length;
    this.#lengths[place] = length;
    if (again) this.#known[place] = { bytes: Buffer.from(bytes.subarray(from, to)), meaning };
    return again;
  }
}

/** Longer ones are not remembered. With a thousand places this bounds what peers can make us keep. */
const mostBytes = 4_096;
const places = 1_024;

/** Of requests to this thread: their fields and the empty line behind them. */
export const requestMemory: HeadMemory<KnownFields> = new HeadMemory(places);

/** Of answers to this thread: their whole heads. */
export const answerMemory: HeadMemory<KnownFields & StatusLine> = new HeadMemory(places);
