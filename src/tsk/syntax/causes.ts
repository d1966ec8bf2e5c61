import type { TskCode } from "../codes.ts";
import type { Span } from "../source.ts";

/** What the scanner has found wrong, told or not. */
export interface Scanned {
  readonly code: TskCode;
  readonly start: number;
}

/**
 * Knows which part of a text a mistake was told of. A mistake confuses what follows it up to the next separator; what
 * the parser finds wrong there is the same mistake again, and is not told a second time.
 */
export class Causes {
  readonly #text: string;
  /** Where the scanner found quotes that confuse their whole line, in order. */
  readonly #quotes: readonly number[];
  /** Where it found characters, which confuse what they stand in. */
  readonly #characters: readonly number[];
  /** A text or comment without an end swallows everything, closing brackets too. */
  readonly #swallowed: boolean;
  #from = 0;
  #until = -1;
  /** True when what was told is that something is missing at the end of its line. */
  #open = false;

  /** @param scanned what the scanner has found, in order */
  constructor(text: string, scanned: readonly Scanned[]) {
    this.#text = text;
    const isCharacter = ({ code }: Scanned): boolean => code === "TSK_CHARACTER";
    this.#characters = scanned.filter(isCharacter).map((one) => one.start);
    this.#quotes = scanned.filter((one) => !isCharacter(one)).map((one) => one.start);
    this.#swallowed = scanned.some(
      ({ code, start }) =>
        code === "TSK_COMMENT_OPEN" || (code === "TSK_STRING_OPEN" && isBlock(text, start)),
    );
  }

  /**
   * True when a mistake at this place is told already. Otherwise it is from now on.
   *
   * @param nested true inside brackets, where commas separate too
   */
  isTold(code: TskCode, span: Span, nested: boolean): boolean {
    if (code === "TSK_UNCLOSED" && this.#swallowed) return true;
    if (span.start >= this.#from && span.start < this.#until) return true;
    if (alone.has(code)) return false;
    const line = this.#around(span, false);
    if (isIn(this.#quotes, line)) return true;
    // A bracket that never closes leaves open what the rest of its line belongs to.
    if (
      code === "TSK_UNCLOSED" &&
      this.#until >= span.start &&
      this.#from < line.end &&
      this.#until <= line.end + 1
    )
      return true;
    const part = nested && code !== "TSK_UNCLOSED" ? this.#around(span, true) : line;
    if (isIn(this.#characters, part) || this.#goesOn(span)) return true;
    this.#from = part.start;
    this.#until = part.end;
    this.#open = code === "TSK_EXPECTED" || code === "TSK_EMPTY_VALUE";
    return false;
  }

  /** From separator to separator. */
  #around({ start, end }: Span, commas: boolean): Span {
    const before = Math.max(
      ...(commas ? "\n;," : "\n;").split("").map((mark) => this.#text.lastIndexOf(mark, start - 1)),
    );
    const next = commas ? /[\n;,]/g : /[\n;]/g;
    next.lastIndex = end;
    return {
      start: start === 0 ? 0 : before + 1,
      end: next.exec(this.#text)?.index ?? this.#text.length + 1,
    };
  }

  /** True at the beginning of the next line, when that cannot be an entry: what was missing stands there. */
  #goesOn({ start }: Span): boolean {
    if (!this.#open || this.#until < 0 || /[\p{L}_$]/u.test(this.#text[start] ?? "")) return false;
    return /^[\n;]\s*$/.test(this.#text.slice(this.#until, start));
  }
}

/** Mistakes inside one token or between two: they confuse nothing that follows. */
const alone: ReadonlySet<TskCode> = new Set<TskCode>([
  "TSK_ESCAPE",
  "TSK_INDENT",
  "TSK_NUMBER",
  "TSK_DATE",
  "TSK_RANGE",
  "TSK_TOO_DEEP",
  "TSK_MIXED",
  "TSK_CHAIN",
]);

function isBlock(text: string, start: number): boolean {
  return text.startsWith('"""', start) || text.startsWith("'''", start);
}

/** True when one of the sorted places is in the span. */
function isIn(places: readonly number[], { start, end }: Span): boolean {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return (places[low] ?? Number.POSITIVE_INFINITY) < end;
}
