import { asRelated, type Diagnostic, type Fix } from "../../diagnostic.ts";
import { Source, type Span } from "../../source.ts";
import { lineBefore, mayClose, mayOpen } from "./edits.ts";
import { contradictions, contradicts, isClosing, isEven, isFlat, isOfBracket } from "./layout.ts";
import { Lines, withoutLines } from "./lines.ts";
import { rebuilt } from "./rebuild.ts";
import { Trial } from "./trial.ts";

/** Lines that are read alone, and what is wrong with them. */
export interface Piece extends Span {
  readonly told: readonly Diagnostic[];
}

/** What a line may be to those around it: nothing, or what opens or closes a bracket. */
const lineForms = ["", "x: {", "}", "x: [", "]", "x: 1"];

/** Lines with odd brackets that are tried. */
const mostOdd = 5;

/** The pieces of a text, which are read with edits made to them. */
export class Pieces {
  readonly source: Source;
  /** What contradicts the layout of pieces apart from what is wrong. */
  readonly #leasts = new WeakMap<Piece, number>();
  readonly #trials = new Map<string, Trial>();

  constructor(source: Source) {
    this.source = source;
  }

  /** True when nothing is wrong with a piece once an edit is made to it, and the layout does not contradict that. */
  repairs(edit: Fix, piece: Piece): boolean {
    if (!this.#trialOf(piece).isRightWith(edit)) return false;
    return this.fits(this.written(piece, edit).text, edit, piece, () => this.#least(piece));
  }

  /** False for a line beside which something is wrong without it. */
  mayRepair(line: Span, piece: Piece): boolean {
    return this.#trialOf(piece).mayRepair(line);
  }

  /**
   * False for an edit of brackets that the layout of the lines contradicts.
   *
   * @param least what contradicts it whatever is repaired; of an edit that leaves other mistakes nobody knows
   */
  fits(edited: string, edit: Fix, piece: Piece, least = () => Number.POSITIVE_INFINITY): boolean {
    const { text } = this.source;
    const [before, written] = [
      this.headOf(piece) + text.slice(piece.start, edit.start),
      text.slice(edit.start, edit.end),
    ];
    const whole = before + text.slice(edit.start, piece.end);
    if (!/[()[\]{}]/.test(edit.text + written)) return true;
    const at = before.lastIndexOf("\n") + 1;
    const line = edited.slice(at).split("\n", 1)[0] ?? "";
    if (!isEven(line)) return false;
    if (isFlat(whole)) return true;
    // Of a line with something else on it nobody knows how deep that stands.
    const isOther = /^[ \t]*\S/.test(written) && !/^[ \t]*[)\]}]/.test(edit.text);
    const isLine = isOther && edit.start === this.lineAt(edit.start).start;
    const any = isLine ? before.split("\n").length - 1 : undefined;
    return !contradicts(edited, whole, least(), any);
  }

  /** A line with something else on it, or with another one before it. */
  rewritten(piece: Piece, line: Span): readonly Fix[] {
    const { text } = this.source;
    const [opens, closes] = [mayOpen(text, piece, line), mayClose(text, line)];
    const forms = lineForms.filter((form) => (/^x: [{[]/.test(form) ? opens : closes || !isClosing(form)));
    const indent = /^[ \t]*/.exec(text.slice(line.start, line.end))?.[0] ?? "";
    const rewritten = forms.map((form): Fix => ({ ...line, text: `${indent}${form}` }));
    return [...rewritten, ...lineBefore(text, piece, line)];
  }

  /** The lines on which something is wrong; first the last one, which is often what is wrong above, and the first. */
  linesOf(piece: Piece): readonly Span[] {
    const { start, told } = piece;
    const spans = new Map<number, Span>();
    const add = (at: number): void => {
      const line = this.lineAt(at);
      spans.set(line.start, line);
    };
    for (const one of [...told.slice(-1), ...told.slice(0, 1), ...told]) add(one.start);
    // A bracket in the middle of a block may show at the ends of the blocks around it only.
    if (told.some(isOfBracket)) for (const at of this.#oddLines(piece)) add(at);
    // What a line lacks may show on the next one only.
    for (const line of [...spans.values()]) if (line.start > start) add(line.start - 1);
    return [...spans.values()];
  }

  /** Where lines begin that have brackets which nothing on them opens or closes; of many the first. */
  #oddLines({ start, end }: Piece): readonly number[] {
    const found: number[] = [];
    let at = start;
    for (const line of this.source.text.slice(start, end).split("\n")) {
      if (found.length < mostOdd && !isEven(line)) found.push(at);
      at += line.length + 1;
    }
    return found;
  }

  /** The line on which an offset stands. */
  lineAt(at: number): Span {
    const { text } = this.source;
    const end = text.indexOf("\n", at);
    return { start: text.lastIndexOf("\n", at - 1) + 1, end: end < 0 ? text.length : end };
  }

  /** A piece as a text of its own, with an edit made to it. */
  written(piece: Piece, edit: Fix | undefined): Source {
    const { text, file, layer } = this.source;
    const written =
      edit === undefined
        ? text.slice(piece.start, piece.end)
        : text.slice(piece.start, edit.start) + edit.text + text.slice(edit.end, piece.end);
    return new Source(file, this.headOf(piece) + written, layer);
  }

  /** What makes a piece a text of the same dialect. */
  headOf({ start }: Piece): string {
    return this.source.compat || start === 0 ? "" : "#!tusker 1\n";
  }

  /** Of what is one mistake, the problem next to the edit is told; errors before warnings. */
  causeOf(group: readonly Diagnostic[], at: number): Diagnostic {
    const distance = (one: Diagnostic): number =>
      Math.abs(one.start - at) + (one.severity === "error" ? 0 : this.source.text.length);
    const cause = group.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    const others = group.filter((one) => one !== cause);
    return { ...cause, related: [...(cause.related ?? []), ...others.map(asRelated)] };
  }

  #trialOf({ start, end }: Piece): Trial {
    const id = `${start} ${end}`;
    const known = this.#trials.get(id) ?? new Trial(this.source, { start, end });
    this.#trials.set(id, known);
    return known;
  }

  /** What contradicts the layout of a piece apart from the lines on which something is wrong. */
  #least(piece: Piece): number {
    const known = this.#leasts.get(piece);
    if (known !== undefined) return known;
    const { start, end, told } = piece;
    const text = this.source.text.slice(0, end);
    const without = contradictions(withoutLines(text, told).slice(start));
    const least = Math.min(without, this.#bracketsToMend(piece));
    this.#leasts.set(piece, least);
    return least;
  }

  /** Brackets that the layout says are missing or too many, beside what is wrong on lines that cannot be read. */
  #bracketsToMend({ start, end, told }: Piece): number {
    const lines = new Lines(this.source.text.slice(start, end));
    const first = this.source.at({ start, end: start }).line;
    const places = told.map((one) => ({ ...one, line: one.line - first + 1 }));
    const lost = places.filter((one) => !isOfBracket(one)).map(({ line }) => line - 1);
    lines.giveUp(lost);
    const sections = lines.sectionsAround(places.map(({ line }) => line - 1));
    const brackets = places.filter(isOfBracket);
    const anew = rebuilt(lines.withoutHeaders(), sections, { brackets, lost: new Set(lost) });
    if (anew === undefined) return Number.POSITIVE_INFINITY;
    // None: what cannot be read is all that is wrong.
    return anew.closed.length + anew.unnamed.length + anew.dropped.length || Number.POSITIVE_INFINITY;
  }
}
