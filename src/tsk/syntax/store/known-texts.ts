import { type Codes, codesOf } from "./codes.ts";

/** A power of two. */
const places = 512;

/**
 * Short texts that were read before. A fleet writes the same keys a thousand times: one of each is kept, and the engine
 * compares texts that are the same one at a glance.
 */
export class KnownTexts {
  readonly #text: string;
  readonly #codes: Codes | undefined;
  readonly #known: string[] = [];

  constructor(text: string) {
    this.#text = text;
    // In a short text little comes again, and many are read to find out what is wrong with one.
    if (text.length < shortest) return;
    this.#codes = codesOf(text);
    this.#known = new Array<string>(places).fill("");
  }

  /** The text from `start` to `end`. */
  slice(start: number, end: number): string {
    const text = this.#text;
    const length = end - start;
    const codes = this.#codes;
    if (codes === undefined || length > longest || length === 0) return text.slice(start, end);
    const first = codes[start] ?? 0;
    const middle = codes[start + (length >> 1)] ?? 0;
    const last = codes[end - 1] ?? 0;
    const place = (length * 31 + first * 7 + last * 131 + middle * 17) & (places - 1);
    const known = this.#known[place] ?? "";
    if (known.length === length && text.startsWith(known, start)) return known;
    const found = text.slice(start, end);
    this.#known[place] = found;
    return found;
  }
}

const shortest = 4096;

/** What is longer is seldom written twice. */
const longest = 24;
