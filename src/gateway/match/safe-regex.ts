/** Longest text an expression of the file is tried on; a longer one does not match. */
export const maxMatchedChars = 256;

/**
 * Why a regular expression may take longer than its text is long, or cannot be used; undefined when it is fine.
 *
 * A backtracking engine is safe with what this lets through: no quantifier inside a quantified group, no back
 * reference, no look-around, and repetitions whose choices multiply to no more than two unbounded ones have on a text of
 * 256 characters: some ten thousand steps.
 */
export function unsafeRegex(source: string): string | undefined {
  try {
    new RegExp(source, "u");
  } catch {
    return "cannot be read";
  }
  return new Reader(source).problem();
}

/** The expression for the whole of a text. */
export function wholeRegex(source: string): RegExp {
  return new RegExp(`^(?:${source})$`, "u");
}

/** Ways to divide a text among its repetitions: two unbounded ones. */
const mostWays = maxMatchedChars ** 2;

class Reader {
  readonly #source: string;
  #at = 0;
  #ways = 1;

  constructor(source: string) {
    this.#source = source;
  }

  problem(): string | undefined {
    if (/\\(?:[1-9]|k<)/.test(this.#source)) return "refers back to a group";
    if (/\(\?(?:[=!]|<[=!])/.test(this.#source)) return "looks ahead or behind";
    const { nested } = this.#sequence();
    if (nested) return "repeats a group that repeats something itself, which can take for ever";
    return this.#ways > mostWays ? "has more than two unbounded repetitions, or many long ones" : undefined;
  }

  /** Reads up to the end of the group it is in. */
  #sequence(): { nested: boolean; repeats: boolean } {
    let nested = false;
    let repeats = false;
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === ")") break;
      this.#at++;
      let inner = { nested: false, repeats: false };
      if (char === "\\") this.#at += this.#escapeLength();
      else if (char === "[") this.#class();
      else if (char === "(") {
        this.#at += /^\?(?::|<[^>]*>)/.exec(this.#source.slice(this.#at))?.[0].length ?? 0;
        inner = this.#sequence();
        this.#at++;
      }
      const { least, most } = this.#quantifier();
      if (most > 1 && inner.repeats) nested = true;
      this.#ways *= Math.min(maxMatchedChars, most - least + 1);
      repeats ||= inner.repeats || most > 1;
      nested ||= inner.nested;
    }
    return { nested, repeats };
  }

  /** How often the thing just read may come: once without a quantifier. */
  #quantifier(): { least: number; most: number } {
    const found = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#source.slice(this.#at));
    if (found === null) return { least: 1, most: 1 };
    this.#at += found[0].length;
    const [text, least, comma, most] = found;
    if (text.startsWith("?")) return { least: 0, most: 1 };
    if (least === undefined) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (comma === undefined) return { least: Number(least), most: Number(least) };
    return {
      least: Number(least),
      most: most === undefined || most === "" ? Number.POSITIVE_INFINITY : Number(most),
    };
  }

  #class(): void {
    while (this.#at < this.#source.length && this.#source[this.#at] !== "]")
      this.#at += this.#source[this.#at] === "\\" ? 2 : 1;
    this.#at++;
  }

  #escapeLength(): number {
    return (
      /^(?:u\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[pP]\{[^}]*\}|.)/su.exec(
        this.#source.slice(this.#at),
      )?.[0].length ?? 0
    );
  }
}
