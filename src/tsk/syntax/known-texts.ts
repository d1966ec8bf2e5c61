/** A power of two. */
const places = 512;

/**
 * Short texts that were read before. A fleet writes the same keys a thousand times: one of each is kept, and the engine
 * compares texts that are the same one at a glance.
 */
export class KnownTexts {
  readonly #text: string;
  readonly #known: string[] = new Array<string>(places).fill("");

  constructor(text: string) {
    this.#text = text;
  }

  /** The text from `start` to `end`. */
  slice(start: number, end: number): string {
    const text = this.#text;
    const length = end - start;
    if (length > longest || length === 0) return text.slice(start, end);
    const first = text.charCodeAt(start);
    const last = text.charCodeAt(end - 1);
    const place =
      (length * 31 + first * 7 + last * 131 + text.charCodeAt(start + (length >> 1)) * 17) & (places - 1);
    const known = this.#known[place] ?? "";
    if (known.length === length && text.startsWith(known, start)) return known;
    const found = text.slice(start, end);
    this.#known[place] = found;
    return found;
  }
}

/** What is longer is seldom written twice. */
const longest = 24;
