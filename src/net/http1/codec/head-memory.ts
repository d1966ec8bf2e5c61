import type { HeaderList } from "../../exchange.ts";
import { lf } from "./characters.ts";
import type { Framing } from "./framing.ts";
import type { StatusLine } from "./lines.ts";

/** Bytes with what they mean. */
export interface Remembered<M> {
  readonly bytes: Buffer;
  readonly meaning: M;
  readonly lines: readonly KnownLine[];
}

/** What fields say. */
export interface KnownFields {
  readonly fields: HeaderList;
  readonly framing: Framing;
}

/** One field with its line, CRLF included. */
export interface KnownLine {
  readonly text: string;
  readonly name: string;
  readonly value: string;
}

/**
 * What connections sent last. Clients and services say the same again and again: a path changes, a date, an id, and a
 * dozen other fields do not. The same bytes mean the same, whatever they mean, so that they need not be read twice: one
 * comparison replaces scanning them, of all fields or of a single line, and whoever makes something of a list of
 * fields finds the same list again.
 *
 * One memory serves all connections of a thread. Each has a place in it, which it shares with others when there are more
 * connections than places.
 */
export class HeadMemory<M extends KnownFields> {
  readonly #known: (Remembered<M> | undefined)[];
  #next = 0;

  constructor(places: number) {
    this.#known = new Array<Remembered<M> | undefined>(places).fill(undefined);
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

  /** The lines that are remembered at that place. */
  lines(place: number): readonly KnownLine[] {
    return this.#known[place]?.lines ?? noLines;
  }

  /** Remembers what stands from `from` to `to`, unless it is too long; gives back whether it did. */
  learn(place: number, bytes: Buffer, { from, to }: Span, meaning: M): boolean {
    if (to - from > mostBytes) return false;
    const own = Buffer.from(bytes.subarray(from, to));
    this.#known[place] = { bytes: own, meaning, lines: linesOf(own, meaning.fields) };
    return true;
  }
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const noLines: readonly KnownLine[] = [];

/** The field lines of a head, which are its last but for the empty one. */
function linesOf(bytes: Buffer, fields: HeaderList): readonly KnownLine[] {
  const texts = bytes.toString("latin1").split("\r\n").slice(0, -2);
  const first = texts.length - fields.length / 2;
  return texts.slice(first).map((text, i) => ({
    text: `${text}\r\n`,
    name: fields[2 * i] ?? "",
    value: fields[2 * i + 1] ?? "",
  }));
}

/**
 * Which heads are worth remembering: not the first of a connection, which may be its last; the next one, and one that
 * differs from what came again so far; rarely, when no two are alike.
 */
export class Misses {
  #count = 0;

  /** What came was known. */
  hit(): void {
    this.#count = 1;
  }

  /** What came was not known. @returns whether to remember it */
  miss(): boolean {
    this.#count = this.#count < 64 ? this.#count + 1 : 33;
    return this.#count > 1 && (this.#count & (this.#count - 1)) === 0;
  }
}

/** Longer ones are not remembered. With a thousand places this bounds what peers can make us keep. */
const mostBytes = 4_096;
const places = 1_024;

/** Of requests to this thread: their fields and the empty line behind them. */
export const requestMemory: HeadMemory<KnownFields> = new HeadMemory(places);

/** Of answers to this thread: their whole heads. */
export const answerMemory: HeadMemory<KnownFields & StatusLine> = new HeadMemory(places);
