import type { TskCode } from "../../codes.ts";
import type { Span } from "../../source.ts";

/** What the scanner has found wrong, told or not. */
export interface Scanned extends Span {
  readonly code: TskCode;
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
  #trouble: Span | undefined;
  /** True when what was told is that something is missing at the end of its line. */
  #open = false;

  readonly #onTrouble: (() => void) | undefined;

  /**
   * @param scanned what the scanner has found, in order
   * @param onTrouble hears of everything else that is wrong
   */
  constructor(text: string, scanned: readonly Scanned[], onTrouble?: () => void) {
    this.#text = text;
    this.#onTrouble = onTrouble;
    const isCharacter = ({ code }: Scanned): boolean => code === "TSK_CHARACTER";
    this.#characters = scanned.filter(isCharacter).map((one) => one.start);
    this.#quotes = scanned.filter((one) => !isCharacter(one)).map((one) => one.start);
    for (const one of scanned) this.note(one);
    this.#swallowed = scanned.some(
      ({ code, start }) =>
        code === "TSK_COMMENT_OPEN" || (code === "TSK_STRING_OPEN" && isBlock(text, start)),
    );
  }

  /** All places at which something was wrong, told or not, and all that stands between; undefined when nothing was. */
  get trouble(): Span | undefined {
    return this.#trouble;
  }

  /** Something is wrong here, told or not. */
  note({ start, end }: Span): void {
    this.#onTrouble?.();
    const before = this.#trouble;
    this.#trouble =
      before === undefined
        ? { start, end }
        : { start: Math.min(before.start, start), end: Math.max(before.end, end) };
  }

  /**
   * True when a mistake at this place is told already. Otherwise it is from now on.
   *
   * @param nested true inside brackets, where commas separate too
   */
  isTold(code: TskCode, span: Span, nested: boolean): boolean {
    if (code === "TSK_UNCLOSED" && this.#swallowed && !this.#isHeader(span)) return true;
    if (span.start >= this.#from && span.start < this.#until) return true;
    const line = this.#around(span, false);
    if (alone.has(code)) return isIn(this.#quotes, line);
    const part = nested && code !== "TSK_UNCLOSED" ? this.#around(span, true) : line;
    // A bracket that never closes leaves open what the rest of its line belongs to.
    const late = code === "TSK_UNCLOSED" && this.#until >= span.start && this.#until <= line.end + 1;
    const quotes = isIn(this.#quotes, line);
    const told = quotes || late || isIn(this.#characters, part) || this.#goesOn(span);
    const confused = quotes ? line : part;
    this.#from = confused.start;
    this.#until = confused.end;
    this.#open = !told && (code === "TSK_EXPECTED" || code === "TSK_EMPTY_VALUE");
    return told;
  }

  /** True for a bracket with which a line begins, before a name: what closes it stands on no other line. */
  #isHeader({ start }: Span): boolean {
    const begins = start === 0 || this.#text[start - 1] === "\n";
    return begins && /^\[[\p{L}_]/u.test(this.#text.slice(start, start + 3));
  }

  /** From separator to separator, as far as one looks. */
  #around({ start, end }: Span, commas: boolean): Span {
    const separator = commas ? /[\n;,]/g : /[\n;]/g;
    const from = Math.max(0, start - widest);
    let before = from;
    for (const found of this.#text.slice(from, start).matchAll(separator)) before = from + found.index + 1;
    const after = this.#text.slice(end, end + widest).search(commas ? /[\n;,]/ : /[\n;]/);
    return { start: before, end: after < 0 ? Math.min(end + widest, this.#text.length + 1) : end + after };
  }

  /** True at the beginning of the next line, when that cannot be an entry: what was missing stands there. */
  #goesOn({ start }: Span): boolean {
    if (!this.#open || this.#until < 0 || /[\p{L}_$]/u.test(this.#text[start] ?? "")) return false;
    return /^[\n;]\s*$/.test(this.#text.slice(this.#until, start));
  }
}

/** How far around a mistake is looked for separators: lines may be very long. */
const widest = 1000;

/** Mistakes inside one token or between two: they confuse nothing that follows. */
const alone: ReadonlySet<TskCode> = new Set<TskCode>([
  "TSK_ESCAPE",
  "TSK_INDENT",
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
