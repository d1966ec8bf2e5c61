import type { Diagnostic, Fix } from "../../diagnostic.ts";
import type { Span } from "../../source.ts";
import { parse } from "../parse.ts";
import { endingsOf } from "./edits.ts";
import type { Piece, Pieces } from "./pieces.ts";

/** Characters that may be read to find problems that belong together. */
const work = 500_000;

/** Problems that are gone when something else stands on a line. */
interface Explanation {
  readonly gone: ReadonlySet<Diagnostic>;
  /** Where that line begins. */
  readonly at: number;
}

/** Problems of a text of which some belong together, where no edit repairs all. */
export class Groups {
  readonly #pieces: Pieces;
  /** Characters that may still be read. */
  #left = work;

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  /** Of problems that are gone as soon as something else stands on one line, one is told. */
  toldOf(piece: Piece): readonly Diagnostic[] {
    let told = piece.told;
    const groups = this.#explanations(piece).toSorted((a, b) => b.gone.size - a.gone.size);
    for (const { gone, at } of groups) {
      const group = told.filter((one) => gone.has(one));
      if (group.length < gone.size) continue;
      const cause = this.#pieces.causeOf(group, at);
      const isCause = (one: Diagnostic): boolean => one.start === cause.start && one.code === cause.code;
      told = told.flatMap((one) => (isCause(one) ? [cause] : gone.has(one) ? [] : [one]));
    }
    return told;
  }

  /** Lines on which something else would leave some of the problems of a piece, and no other. */
  #explanations(piece: Piece): readonly Explanation[] {
    const found: Explanation[] = [];
    const { text } = this.#pieces.source;
    const isLast = piece.end >= text.trimEnd().length;
    const end: Span = { start: text.length, end: text.length };
    for (const line of [...this.#pieces.linesOf(piece), ...(isLast ? [end] : [])]) {
      for (const edit of line === end ? endingsOf(text, piece) : this.#pieces.rewritten(piece, line)) {
        this.#left -= piece.end - piece.start;
        if (this.#left < 0) return found;
        const gone = this.#goneWith(edit, piece);
        if (gone.size > 1) found.push({ gone, at: line.start });
      }
    }
    return found;
  }

  /** The problems that an edit removes; none when it makes others, or when the layout contradicts it. */
  #goneWith(edit: Fix, piece: Piece): ReadonlySet<Diagnostic> {
    const source = this.#pieces.written(piece, edit);
    const shift = this.#pieces.headOf(piece).length - piece.start;
    const longer = edit.text.length - (edit.end - edit.start);
    const keyOf = (code: string, start: number): string => `${code} ${start}`;
    const { diagnostics } = parse(source);
    const left = new Set(diagnostics.map(({ code, start }) => keyOf(code, start)));
    const gone = piece.told.filter(
      ({ code, start }) => !left.has(keyOf(code, start + shift + (start < edit.end ? 0 : longer))),
    );
    // What is wrong with the other line is the mistake of others.
    const onLine = diagnostics.filter(
      ({ start }) => edit.start + shift <= start && start < edit.end + shift + longer,
    );
    const isOther = left.size - onLine.length > piece.told.length - gone.length;
    const isSame = signsOf(edit.text) === signsOf(this.#pieces.source.text.slice(edit.start, edit.end));
    return new Set(isOther || !(isSame || this.#pieces.fits(source.text, edit, piece)) ? [] : gone);
  }
}

/** The brackets of a line. */
function signsOf(line: string): string {
  return line.replace(/[^()[\]{}]/g, "");
}
