/** A power of two. */
const places = 512;

/**
 * Short texts that were read before. A fleet writes the same keys a thousand times: one of each is kept, and the engine
 * compares texts that are the same one at a glance.
 */
export class KnownTexts {
  readonly #text: string;
  readonly #known: string[] | undefined;

  constructor(text: string) {
    this.#text = text;
    // In a short text little comes again, and many are read to find out what is wrong with one.
    this.#known = text.length < shortest ? undefined : new Array<string>(places).fill("");
  }

  /** The text from `start` to `end`. */
  slice(start: number, end: number): string {
    const text = this.#text;
    const length = end - start;
    const all = this.#known;
    if (all === undefined || length > longest || length === 0) return text.slice(start, end);
    const first = text.charCodeAt(start);
    const last = text.charCodeAt(end - 1);
    const place =
      (length * 31 + first * 7 + last * 131 + text.charCodeAt(start + (length >> 1)) * 17) & (places - 1);
    const known = all[place] ?? "";
    if (known.length === length && text.startsWith(known, start)) return known;
    const found = text.slice(start, end);
    all[place] = found;
    return found;
  }
}

const shortest = 4096;

/** What is longer is seldom written twice. */
const longest = 24;
