import type { TskCode } from "../../codes.ts";
import { asRelated, type Diagnostic, type Fix, inOrder } from "../../diagnostic.ts";
import { Source, type Span } from "../../source.ts";
import { reparse } from "../again/reparse.ts";
import { limits } from "../limits.ts";
import { isSound, parse } from "../parse.ts";
import type { Tree } from "../tree.ts";
import {
  editsOf,
  endingsOf,
  isBalanced,
  isRepairable,
  joinsOf,
  lineBefore,
  mayClose,
  mayOpen,
  pastesOf,
  swapsOf,
} from "./edits.ts";
import { contradictions, contradicts, isClosing, isEven, isFlat, isOfBracket } from "./layout.ts";
import { blanked, Lines, withoutLines } from "./lines.ts";
import { rebuilt } from "./rebuild.ts";
import { Trial } from "./trial.ts";

/** More problems than one mistake can have are several mistakes, or noise. */
const most = 8;
/** Characters that may be read to find one: the longer the stretch, the fewer edits are tried. */
const work = 500_000;
/** Edits that are tried. */
const tries = 700;
/** Lines that are tried with something else on them. */
const rewrites = 150;
/** What a line may be to those around it: nothing, or what opens or closes a bracket. */
const lineForms = ["", "x: {", "}", "x: [", "]", "x: 1"];

/**
 * The problems of a tree, one per cause. Problems that one small edit removes together are one mistake: the one next to that
 * edit is told, the others are places that belong to it. Mistakes that are found as well when each is read without the
 * lines of the other are two, unless a bracket or a line end between them is the mistake.
 *
 * @param lost the lines of the text that cannot be read, see `intact`: of each block what is wrong with it alone is told
 */
export function withoutConsequences(tree: Tree, lost: readonly Span[] = []): readonly Diagnostic[] {
  const together = causesOf(tree);
  if (together.length < 2 || lost.length > most) return together;
  const outside = together.filter((one) => !lost.some((span) => isIn(one, span)));
  const { text } = tree.source;
  if ((outside.length === 0 && lost.length < 2) || text.length > limits.saved) return together;
  // What is written the old way elsewhere is no part of it.
  const lines = new Lines(text);
  const inLines = ({ line, start, end }: Diagnostic): readonly number[] =>
    text
      .slice(start, end)
      .split("\n")
      .map((_, index) => line - 1 + index);
  lines.giveUp(outside.flatMap(inLines));
  lines.grow(false);
  const others = [...lost, ...lines.lost()];
  const apart = lost.flatMap((span) => causesOf(reparse(tree, without(tree.source, others, span))));
  const told = inOrder([...outside, ...apart], []);
  return told.length < together.length ? told : together;
}

/** True when one edit of a line repairs what is told of a tree, and more that was found. */
export function isOneMistake(tree: Tree, more: readonly Diagnostic[]): boolean {
  const diagnostics = [...tree.diagnostics, ...more].sort((a, b) => a.start - b.start);
  return diagnostics.length <= most && new Search({ ...tree, diagnostics }).isOne();
}

function causesOf(tree: Tree): readonly Diagnostic[] {
  const { diagnostics } = tree;
  if (diagnostics.length < 2 || tree.trouble === undefined) return diagnostics;
  if (diagnostics.every((one) => one.severity === "warning")) return diagnostics;
  const search = new Search(tree);
  return diagnostics.length > most ? search.first() : search.found();
}

/** A text without what is lost of it but for one stretch. */
function without({ file, text, layer }: Source, lost: readonly Span[], but: Span): Source {
  const others = lost.filter((one) => one.end < but.start || one.start > but.end);
  return new Source(
    file,
    others.reduce((left, one) => blanked(left, [one]), text),
    layer,
  );
}

function isIn({ start }: Span, span: Span): boolean {
  return span.start <= start && start <= span.end;
}

/** An open bracket is told where it stands, which may be far from what is wrong; stray signs and quotes may hide one. */
const far: ReadonlySet<string> = new Set<TskCode>(["TSK_UNCLOSED", "TSK_CHARACTER", "TSK_STRING_OPEN"]);

/** The stretch of whole items around everything that is wrong, as a text of its own. */
function stretchOf({ source, items, trouble }: Tree): Span {
  const { text } = source;
  const { start, end } = trouble ?? { start: 0, end: text.length };
  const before = items.findLast((item) => item.end < start && text[item.start - 1] === "\n");
  const after = items.find((item) => item.start > end && text[item.start - 1] === "\n");
  return { start: before?.start ?? 0, end: after?.start ?? text.length };
}

/** Lines that are read alone, and what is wrong with them. */
interface Piece extends Span {
  readonly told: readonly Diagnostic[];
}

/** The brackets of a line. */
function signsOf(line: string): string {
  return line.replace(/[^()[\]{}]/g, "");
}

/** Problems that are gone when something else stands on a line. */
interface Explanation {
  readonly gone: ReadonlySet<Diagnostic>;
  /** Where that line begins. */
  readonly at: number;
}

class Search {
  readonly #all: readonly Diagnostic[];
  readonly #source: Source;
  readonly #stretch: Span;
  #left: number;
  /** Lines that may still be tried with something else on them. */
  #rewrites: number;
  /** What contradicts the layout of pieces apart from what is wrong. */
  readonly #leasts = new WeakMap<Piece, number>();
  /** Characters that may still be read to find problems that belong together. */
  #parsed = work;
  readonly #trials = new Map<string, Trial>();

  constructor(tree: Tree) {
    this.#all = tree.diagnostics;
    this.#source = tree.source;
    this.#stretch = stretchOf(tree);
    const times = Math.floor(work / (this.#stretch.end - this.#stretch.start + 1));
    this.#left = Math.min(tries, times);
    this.#rewrites = Math.min(rewrites, times);
  }

  /** One problem per cause; the very same list when there are as many causes. */
  found(): readonly Diagnostic[] {
    const whole: Piece = { ...this.#stretch, told: this.#all };
    if (!this.#isRead(whole)) return this.#all;
    const told: Diagnostic[] = [];
    let before: Piece | undefined;
    for (const piece of this.#pieces(whole)) {
      const joined = before && this.#joined(before, piece);
      const causes = joined === undefined ? this.#causes(piece) : [];
      if (joined !== undefined) told.splice(-1, 1, joined);
      else told.push(...(causes.length > 2 ? this.#grouped(piece) : causes));
      before = joined === undefined ? piece : undefined;
    }
    return told.length === this.#all.length ? this.#all : told;
  }

  /** True when one edit repairs everything. */
  isOne(): boolean {
    return this.#causes({ ...this.#stretch, told: this.#all }).length === 1;
  }

  /** Of very many problems one, when all are right as soon as something else stands on one of the first lines. */
  first(): readonly Diagnostic[] {
    return this.#ofOneLine({ ...this.#stretch, told: this.#all }, this.#all.slice(0, 2));
  }

  /** A piece cut at lines between mistakes that do not depend on each other. */
  #pieces(piece: Piece): readonly Piece[] {
    const { start, end, told } = piece;
    for (let count = 1; count < told.length; count++) {
      const at = this.#lineOf(told[count]?.start ?? 0).start;
      if (at <= start || at < (told[count - 1]?.end ?? 0)) continue;
      // Brackets that the cut would part may be one mistake.
      const { text } = this.#source;
      if (!isBalanced(text.slice(start, at)) || !isBalanced(text.slice(at, end))) continue;
      const first: Piece = { start, end: at, told: told.slice(0, count) };
      const rest: Piece = { start: at, end, told: told.slice(count) };
      if (this.#isRead(first) && this.#isRead(rest)) return [first, ...this.#pieces(rest)];
    }
    return [piece];
  }

  /** True when the lines of a piece alone have the mistakes that were told of them. */
  #isRead(piece: Piece): boolean {
    const { diagnostics } = parse(this.#written(piece, undefined));
    const delta = this.#head(piece).length - piece.start;
    return (
      diagnostics.length === piece.told.length &&
      diagnostics.every(
        ({ code, start }, index) =>
          code === piece.told[index]?.code && start === (piece.told[index]?.start ?? 0) + delta,
      )
    );
  }

  /** What is wrong with a piece: one problem when one edit repairs all of it. */
  #causes(piece: Piece): readonly Diagnostic[] {
    const [first, last] = [piece.told[0], piece.told.at(-1)];
    if (first === undefined || last === undefined || first === last) return piece.told;
    if (this.#isCutShort(piece)) return [this.#cause(piece.told, this.#source.text.length)];
    const { text } = this.#source;
    const apart = far.has(first.code) ? 0 : last.line - first.line;
    if (!isRepairable(text.slice(piece.start, piece.end), apart)) return this.#ofOneLine(piece);
    const lines = this.#lines(piece);
    for (const edit of pastesOf(text, first, last))
      if (this.#left-- > 0 && this.#repairs(edit, piece)) return [this.#cause(piece.told, edit.start)];
    for (const edits of editsOf) {
      for (const line of lines) {
        for (const edit of edits(text, piece, line)) {
          if (this.#left-- <= 0) return this.#ofOneLine(piece);
          if (this.#repairs(edit, piece)) return [this.#cause(piece.told, edit.start)];
        }
      }
    }
    return this.#ofOneLine(piece);
  }

  /** True when all is right as soon as the text, which breaks off in the middle, goes on to an end. */
  #isCutShort(piece: Piece): boolean {
    if (piece.end < this.#source.text.trimEnd().length) return false;
    for (const edit of endingsOf(this.#source.text, piece)) {
      if (this.#left-- <= 0) return false;
      // How deep the rest would have stood, nobody knows.
      if (isSound(this.#written(piece, edit))) return true;
    }
    return false;
  }

  /** One problem for all that a line confuses: what is wrong on others is right when something else stands there. */
  #ofOneLine(piece: Piece, on: readonly Diagnostic[] = piece.told): readonly Diagnostic[] {
    const [first] = piece.told;
    if (first === undefined || new Set(piece.told.map((one) => one.line)).size < 2)
      // What stands behind a bracket may be why it is not closed.
      return first?.code === "TSK_UNCLOSED" ? [this.#cause(piece.told, first.start)] : piece.told;
    const { text } = this.#source;
    for (const line of this.#lines({ ...piece, told: on })) {
      const edits = [...swapsOf(text, piece, line), ...this.#rewritten(piece, line)];
      for (const edit of edits) {
        if (this.#rewrites-- <= 0) return piece.told;
        if (this.#repairs(edit, piece)) return [this.#cause(piece.told, line.start)];
      }
    }
    return piece.told;
  }

  /** Where no edit repairs all: of problems that are gone as soon as something else stands on one line, one is told. */
  #grouped(piece: Piece): readonly Diagnostic[] {
    let told = piece.told;
    const groups = this.#explanations(piece).toSorted((a, b) => b.gone.size - a.gone.size);
    for (const { gone, at } of groups) {
      const group = told.filter((one) => gone.has(one));
      if (group.length < gone.size) continue;
      const cause = this.#cause(group, at);
      const isCause = (one: Diagnostic): boolean => one.start === cause.start && one.code === cause.code;
      told = told.flatMap((one) => (isCause(one) ? [cause] : gone.has(one) ? [] : [one]));
    }
    return told;
  }

  /** Lines on which something else would leave some of the problems of a piece, and no other. */
  #explanations(piece: Piece): readonly Explanation[] {
    const found: Explanation[] = [];
    const { text } = this.#source;
    const isLast = piece.end >= text.trimEnd().length;
    const end: Span = { start: text.length, end: text.length };
    for (const line of [...this.#lines(piece), ...(isLast ? [end] : [])]) {
      for (const edit of line === end ? endingsOf(text, piece) : this.#rewritten(piece, line)) {
        this.#parsed -= piece.end - piece.start;
        if (this.#parsed < 0) return found;
        const gone = this.#goneWith(edit, piece);
        if (gone.size > 1) found.push({ gone, at: line.start });
      }
    }
    return found;
  }

  /** The problems that an edit removes; none when it makes others, or when the layout contradicts it. */
  #goneWith(edit: Fix, piece: Piece): ReadonlySet<Diagnostic> {
    const source = this.#written(piece, edit);
    const shift = this.#head(piece).length - piece.start;
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
    const isSame = signsOf(edit.text) === signsOf(this.#source.text.slice(edit.start, edit.end));
    return new Set(isOther || !(isSame || this.#fits(source.text, edit, piece)) ? [] : gone);
  }

  /** A line with something else on it, or with another one before it. */
  #rewritten(piece: Piece, line: Span): readonly Fix[] {
    const { text } = this.#source;
    const [opens, closes] = [mayOpen(text, piece, line), mayClose(text, line)];
    const forms = lineForms.filter((form) => (/^x: [{[]/.test(form) ? opens : closes || !isClosing(form)));
    const indent = /^[ \t]*/.exec(text.slice(line.start, line.end))?.[0] ?? "";
    const rewritten = forms.map((form): Fix => ({ ...line, text: `${indent}${form}` }));
    return [...rewritten, ...lineBefore(text, piece, line)];
  }

  /** One problem when a line end between two pieces is all that is wrong with them. */
  #joined(before: Piece, piece: Piece): Diagnostic | undefined {
    const both: Piece = { start: before.start, end: piece.end, told: [...before.told, ...piece.told] };
    if (before.told.length > 1 || this.#lineOf(before.told[0]?.start ?? 0).end + 1 !== piece.start)
      return undefined;
    for (const edit of joinsOf(piece.start - 1)) {
      if (this.#left-- <= 0) return undefined;
      if (this.#repairs(edit, both)) return this.#cause(both.told, before.told[0]?.start ?? 0);
    }
    return undefined;
  }

  /** The lines on which something is wrong; first the last one, which is often what is wrong above, and the first. */
  #lines({ start, told }: Piece): readonly Span[] {
    const spans = new Map<number, Span>();
    const add = (at: number): void => {
      const line = this.#lineOf(at);
      spans.set(line.start, line);
    };
    for (const one of [...told.slice(-1), ...told.slice(0, 1), ...told]) add(one.start);
    // What a line lacks may show on the next one only.
    for (const line of [...spans.values()]) if (line.start > start) add(line.start - 1);
    return [...spans.values()];
  }

  #lineOf(at: number): Span {
    const { text } = this.#source;
    const end = text.indexOf("\n", at);
    return { start: text.lastIndexOf("\n", at - 1) + 1, end: end < 0 ? text.length : end };
  }

  #repairs(edit: Fix, piece: Piece): boolean {
    if (!this.#trialOf(piece).isRightWith(edit)) return false;
    return this.#fits(this.#written(piece, edit).text, edit, piece, () => this.#least(piece));
  }

  #trialOf({ start, end }: Piece): Trial {
    const id = `${start} ${end}`;
    const known = this.#trials.get(id) ?? new Trial(this.#source, { start, end });
    this.#trials.set(id, known);
    return known;
  }

  /**
   * False for an edit of brackets that the layout of the lines contradicts.
   *
   * @param least what contradicts it whatever is repaired; of an edit that leaves other mistakes nobody knows
   */
  #fits(edited: string, edit: Fix, piece: Piece, least = () => Number.POSITIVE_INFINITY): boolean {
    const { text } = this.#source;
    const [before, written] = [
      this.#head(piece) + text.slice(piece.start, edit.start),
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
    const isLine = isOther && edit.start === this.#lineOf(edit.start).start;
    const any = isLine ? before.split("\n").length - 1 : undefined;
    return !contradicts(edited, whole, least(), any);
  }

  /** What contradicts the layout of a piece apart from the lines on which something is wrong. */
  #least(piece: Piece): number {
    const known = this.#leasts.get(piece);
    if (known !== undefined) return known;
    const { start, end, told } = piece;
    const text = this.#source.text.slice(0, end);
    const without = contradictions(withoutLines(text, told).slice(start));
    const least = Math.min(without, this.#bracketsToMend(piece));
    this.#leasts.set(piece, least);
    return least;
  }

  /** Brackets that the layout says are missing or too many, beside what is wrong on lines that cannot be read. */
  #bracketsToMend({ start, end, told }: Piece): number {
    const lines = new Lines(this.#source.text.slice(start, end));
    const first = this.#source.at({ start, end: start }).line;
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

  /** A piece as a text of its own, with an edit made to it. */
  #written(piece: Piece, edit: Fix | undefined): Source {
    const { text, file, layer } = this.#source;
    const written =
      edit === undefined
        ? text.slice(piece.start, piece.end)
        : text.slice(piece.start, edit.start) + edit.text + text.slice(edit.end, piece.end);
    return new Source(file, this.#head(piece) + written, layer);
  }

  /** What makes a piece a text of the same dialect. */
  #head({ start }: Piece): string {
    return this.#source.compat || start === 0 ? "" : "#!tusker 1\n";
  }

  /** Of what is one mistake, the problem next to the edit is told; errors before warnings. */
  #cause(group: readonly Diagnostic[], at: number): Diagnostic {
    const distance = (one: Diagnostic): number =>
      Math.abs(one.start - at) + (one.severity === "error" ? 0 : this.#source.text.length);
    const cause = group.reduce((best, one) => (distance(one) < distance(best) ? one : best));
    const others = group.filter((one) => one !== cause);
    return { ...cause, related: [...(cause.related ?? []), ...others.map(asRelated)] };
  }
}
