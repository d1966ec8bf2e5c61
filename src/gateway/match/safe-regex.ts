/** Longest text an expression of the file is tried on; a longer one does not match. */
export const maxMatchedChars = 256;

/**
 * Why a regular expression may take longer than its text is long, or cannot be used; undefined when it is fine.
 *
 * A backtracking engine is safe with what this lets through: no quantifier inside a quantified group, no back
 * reference, no look-around, no repeated choice between things that begin alike, and repetitions whose choices multiply
 * to little more than two unbounded ones have on a text of 256 characters: some hundred thousand steps, a millisecond.
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

/** Ways to divide a text among its repetitions: two unbounded ones, and two things more that may be absent. */
const mostWays = maxMatchedChars ** 2 * 4;

/** The characters something may begin with, one bit for each of ASCII; "any" when that is not known, or more. */
type First = bigint | "any";

/** What matters of a part when it is repeated. */
interface Shape {
  /** It may be of different lengths, because something in it is repeated or may be absent. */
  readonly open: boolean;
  /** It has alternatives of which several can fit the same text. */
  readonly alike: boolean;
  readonly first: First;
}

class Reader {
  readonly #source: string;
  #at = 0;
  #ways = 1;
  #problem: string | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  problem(): string | undefined {
    if (/\\(?:[1-9]|k<)/.test(this.#source)) return "refers back to a group";
    if (/\(\?(?:[=!]|<[=!])/.test(this.#source)) return "looks ahead or behind";
    this.#group();
    if (this.#ways <= mostWays) return this.#problem;
    return this.#problem ?? "has more than two unbounded repetitions, or many long ones";
  }

  /** Reads alternatives up to the end of the group they are in. */
  #group(): Shape {
    const alternatives = [this.#sequence()];
    while (this.#source[this.#at] === "|") {
      this.#at++;
      alternatives.push(this.#sequence());
    }
    const beginAlike = overlap(alternatives.map(({ first }) => first));
    // Each of them may be tried before the last one is right.
    if (beginAlike) this.#ways *= alternatives.length;
    return {
      open: alternatives.some(({ open }) => open),
      alike: beginAlike || alternatives.some(({ alike }) => alike),
      first: alternatives.reduce<First>(
        (all, { first }) => (all === "any" || first === "any" ? "any" : all | first),
        0n,
      ),
    };
  }

  #sequence(): Shape {
    let open = false;
    let alike = false;
    let first: First | undefined;
    while (this.#at < this.#source.length) {
      const char = this.#source[this.#at];
      if (char === ")" || char === "|") break;
      const from = this.#at++;
      let inner: Shape | undefined;
      if (char === "\\") this.#at += this.#escapeLength();
      else if (char === "[") this.#class();
      else if (char === "(") {
        this.#at += /^\?(?::|<[^>]*>)/.exec(this.#source.slice(this.#at))?.[0].length ?? 0;
        inner = this.#group();
        this.#at++;
      }
      const atom = this.#source.slice(from, this.#at);
      const { least, most } = this.#quantifier();
      if (most > 1 && inner !== undefined) this.#repeated(inner);
      this.#ways *= Math.min(maxMatchedChars, most - least + 1);
      open ||= inner?.open === true || most > 1 || most > least;
      alike ||= inner?.alike === true;
      first ??= least === 0 ? "any" : (inner?.first ?? firstOf(atom));
    }
    return { open, alike, first: first ?? "any" };
  }

  /** With every turn of a repetition the ways through what is repeated multiply: there must be one. */
  #repeated({ open, alike }: Shape): void {
    if (open) this.#problem ??= "repeats a group that repeats something itself, which can take for ever";
    else if (alike)
      this.#problem ??= "repeats a choice between things that begin alike, which can take for ever";
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

/** The characters a single atom stands for. What may reach beyond ASCII counts as any. */
function firstOf(atom: string): First {
  if (/^(?:[\^$.]|\[\^)|[^ -~]|\\[uxpPDSWsbBc]/.test(atom)) return "any";
  const expression = new RegExp(`^${atom}$`, "u");
  let found = 0n;
  for (let code = 0; code < 128; code++)
    if (expression.test(String.fromCharCode(code))) found |= 1n << BigInt(code);
  return found;
}

function overlap(firsts: readonly First[]): boolean {
  let seen = 0n;
  for (const first of firsts) {
    if (firsts.length > 1 && (first === "any" || (seen & first) !== 0n)) return true;
    if (first !== "any") seen |= first;
  }
  return false;
}
