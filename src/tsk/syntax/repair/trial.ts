import type { Fix } from "../../diagnostic.ts";
import { Source, type Span } from "../../source.ts";
import { isSound } from "../parse.ts";
import { scan } from "../scan.ts";
import { kind, Tokens } from "../token.ts";
import { bracketsOf, closingOf } from "./edits.ts";

/** What it costs to read a text beside its characters: as much as so many of them. */
const each = 200;

/**
 * A piece of a text that is read with edits made to it, in search of those with which nothing is wrong. With most something is: that
 * is known from their brackets, or from what is wrong on other lines, and they are not read. None is read twice.
 */
export class Trial {
  readonly #source: Source;
  readonly #piece: Span;
  /** Characters that may still be read; of what would come then nothing is right. */
  #left = Number.POSITIVE_INFINITY;
  readonly #tokens = new Tokens(256);
  /** Texts that were read. */
  readonly #known = new Map<string, boolean>();
  /** Lines by where they begin: false where an edit changes nothing of what is wrong beside them. */
  readonly #lines = new Map<number, boolean>();
  readonly #brackets: Brackets;

  constructor(source: Source, piece: Span) {
    this.#source = source;
    this.#piece = piece;
    this.#brackets = bracketsIn(source.text.slice(piece.start, piece.end), source.compat);
  }

  /** Lets so many characters be read from now on, beside those that were read before; without it all that are asked for. */
  allow(characters: number): void {
    this.#left = characters;
  }

  /** True when nothing is wrong with the piece as it is. */
  get isRight(): boolean {
    return this.#reads(this.#source.text.slice(this.#piece.start, this.#piece.end), this.#piece.start > 0);
  }

  /** True when nothing is wrong with the piece once an edit is made to it. */
  isRightWith(edit: Fix): boolean {
    if (!this.mayBalance(edit)) return false;
    const { text } = this.#source;
    const { start, end } = this.#piece;
    return this.#reads(text.slice(start, edit.start) + edit.text + text.slice(edit.end, end), start > 0);
  }

  /** False when some brackets of the piece do not pair with that edit. */
  mayBalance({ start, end, text }: Fix): boolean {
    const written = this.#source.text.slice(start, end);
    if (hiding.test(text + written)) return true;
    const { open, areHidden } = this.#brackets;
    if (areHidden && anyBracket.test(written)) return true;
    return pairs.every((pair, index) => (open[index] ?? 0) + netOf(text, pair) - netOf(written, pair) === 0);
  }

  /** False for a line beside which something is wrong, above or below, that is wrong without it. */
  mayRepair(line: Span): boolean {
    const known = this.#lines.get(line.start);
    if (known !== undefined) return known;
    const may = this.#isRightBeside(line);
    this.#lines.set(line.start, may);
    return may;
  }

  /** True for lines that can be read alone, with what they open closed: as entries, or as elements of a list. */
  readsAlone(lines: string): boolean {
    const own = lines.replace(/^[ \t]*[}\])]+[ \t]*,?/, "");
    const closed = `${own}\n${closingOf(own)}`;
    const asEntries = outside.test(own) ? closed : `x: {\n${closed}\n}`;
    return this.#reads(asEntries, true) || (!entry.test(own) && this.#reads(`x: [\n${closed}\n]`, true));
  }

  #isRightBeside({ start, end }: Span): boolean {
    const { text } = this.#source;
    if (overLines.test(text.slice(this.#piece.start, this.#piece.end))) return true;
    // The line right above may go on here.
    const above = text.slice(this.#piece.start, start).split("\n").slice(0, -2);
    const below = text.slice(Math.min(end + 1, this.#piece.end), this.#piece.end).split("\n");
    const beside = [pairedLines(above, "above"), pairedLines(below, "below")];
    return beside.every((lines) => this.readsAlone(lines.join("\n")));
  }

  #reads(written: string, isPart: boolean): boolean {
    const { file, layer, compat } = this.#source;
    const text = isPart && !compat ? `#!tusker 1\n${written}` : written;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#left -= text.length + each;
    if (this.#left < 0) return false;
    const isRight = isSound(new Source(file, text, layer), this.#tokens);
    this.#known.set(text, isRight);
    return isRight;
  }
}

/** How many brackets of each kind are opened and not closed; and whether some stand in texts or comments. */
interface Brackets {
  readonly open: readonly number[];
  readonly areHidden: boolean;
}

/** Lines that stand outside of braces only: headers, variables and directives. */
const outside = /^[ \t]*[[@$]/m;
/** What no list begins with. */
const entry = /^[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[\p{L}_][\p{L}\d_.-]*)[ \t]*[:={]/u;

const pairs = ["{}", "[]", "()"] as const;
const anyBracket = /[()[\]{}]/;
/** What may hide brackets, or show some that were hidden. */
const hiding = /["'`#/*\\$\n]/;
/** What may begin on one line and end on another, beside brackets. */
const overLines = /"""|'''|\/\*|\*\//;

function bracketsIn(text: string, compat: boolean): Brackets {
  const tokens = scan(text, () => undefined, compat);
  const signs: string[] = [];
  let areHidden = false;
  for (let at = 0; at < tokens.count; at++) {
    const now = tokens.kind(at);
    const isSign = now >= kind.openBrace && now <= kind.closeParen;
    if (isSign) signs.push(text.slice(tokens.start(at), tokens.end(at)));
    else areHidden ||= anyBracket.test(text.slice(tokens.start(at), tokens.end(at)));
  }
  const shown = signs.join("");
  return { open: pairs.map((pair) => netOf(shown, pair)), areHidden };
}

/** How many more brackets a text opens than it closes. */
function netOf(text: string, [opening, closing]: string): number {
  let net = 0;
  for (const sign of text) net += sign === opening ? 1 : sign === closing ? -1 : 0;
  return net;
}

/** The lines next below or above a place, as far as brackets pair in them. */
function pairedLines(lines: readonly string[], from: "above" | "below"): readonly string[] {
  const isAbove = from === "above";
  const outward = isAbove ? lines.toReversed() : lines;
  let [depth, count] = [0, 0];
  for (const [index, line] of outward.entries()) {
    const signs = bracketsOf(line);
    for (const sign of isAbove ? signs.toReversed() : signs) {
      depth += "([{".includes(sign) === isAbove ? -1 : 1;
      if (depth < 0) return inOrder();
    }
    if (depth === 0) count = index + 1;
  }
  return inOrder();

  function inOrder(): readonly string[] {
    const found = outward.slice(0, count);
    return isAbove ? found.toReversed() : found;
  }
}
