import type { TskCode } from "../../codes.ts";
import { type Diagnostic, inOrder } from "../../diagnostic.ts";
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
  openingsOf,
  pastesOf,
  swapsOf,
} from "./edits.ts";
import { Groups } from "./groups.ts";
import { blanked, Lines } from "./lines.ts";
import { type Piece, Pieces } from "./pieces.ts";

/** More problems than one mistake can have are several mistakes, or noise. */
const most = 8;
/** Characters that may be read to find one: the longer the stretch, the fewer edits are tried. */
const work = 500_000;
/** Edits that are tried. */
const tries = 700;
/** Lines that are tried with something else on them. */
const rewrites = 150;

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

class Search {
  readonly #all: readonly Diagnostic[];
  readonly #pieces: Pieces;
  readonly #groups: Groups;
  readonly #stretch: Span;
  #left: number;
  /** Lines that may still be tried with something else on them. */
  #rewrites: number;

  constructor(tree: Tree) {
    this.#all = tree.diagnostics;
    this.#pieces = new Pieces(tree.source);
    this.#groups = new Groups(this.#pieces);
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
    for (const piece of this.#apart(whole)) {
      const joined = before && this.#joined(before, piece);
      const causes = joined === undefined ? this.#causes(piece) : [];
      if (joined !== undefined) told.splice(-1, 1, joined);
      else told.push(...(causes.length > 2 ? this.#groups.toldOf(piece) : causes));
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
  #apart(piece: Piece): readonly Piece[] {
    const { start, end, told } = piece;
    for (let count = 1; count < told.length; count++) {
      const at = this.#pieces.lineAt(told[count]?.start ?? 0).start;
      if (at <= start || at < (told[count - 1]?.end ?? 0)) continue;
      // Brackets that the cut would part may be one mistake.
      const { text } = this.#pieces.source;
      if (!isBalanced(text.slice(start, at)) || !isBalanced(text.slice(at, end))) continue;
      const first: Piece = { start, end: at, told: told.slice(0, count) };
      const rest: Piece = { start: at, end, told: told.slice(count) };
      if (this.#isRead(first) && this.#isRead(rest)) return [first, ...this.#apart(rest)];
    }
    return [piece];
  }

  /** True when the lines of a piece alone have the mistakes that were told of them. */
  #isRead(piece: Piece): boolean {
    const { diagnostics } = parse(this.#pieces.written(piece, undefined));
    const delta = this.#pieces.headOf(piece).length - piece.start;
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
    if (this.#isCutShort(piece)) return [this.#pieces.causeOf(piece.told, this.#pieces.source.text.length)];
    const { text } = this.#pieces.source;
    const apart = far.has(first.code) ? 0 : last.line - first.line;
    if (!isRepairable(text.slice(piece.start, piece.end), apart)) return this.#ofOneLine(piece);
    if (openingsOf(text, piece).some((edit) => this.#pieces.repairs(edit, piece)))
      return [this.#pieces.causeOf(piece.told, piece.end)];
    const lines = this.#pieces.linesOf(piece).filter((line) => this.#pieces.mayRepair(line, piece));
    for (const edit of pastesOf(text, first, last))
      if (this.#left-- > 0 && this.#pieces.repairs(edit, piece))
        return [this.#pieces.causeOf(piece.told, edit.start)];
    for (const edits of editsOf) {
      for (const line of lines) {
        for (const edit of edits(text, piece, line)) {
          if (this.#left-- <= 0) return this.#ofOneLine(piece);
          if (this.#pieces.repairs(edit, piece)) return [this.#pieces.causeOf(piece.told, edit.start)];
        }
      }
    }
    return this.#ofOneLine(piece);
  }

  /** True when all is right as soon as the text, which breaks off in the middle, goes on to an end. */
  #isCutShort(piece: Piece): boolean {
    if (piece.end < this.#pieces.source.text.trimEnd().length) return false;
    for (const edit of endingsOf(this.#pieces.source.text, piece)) {
      if (this.#left-- <= 0) return false;
      // How deep the rest would have stood, nobody knows.
      if (isSound(this.#pieces.written(piece, edit))) return true;
    }
    return false;
  }

  /** One problem for all that a line confuses: what is wrong on others is right when something else stands there. */
  #ofOneLine(piece: Piece, on: readonly Diagnostic[] = piece.told): readonly Diagnostic[] {
    const [first] = piece.told;
    if (first === undefined || new Set(piece.told.map((one) => one.line)).size < 2)
      // What stands behind a bracket may be why it is not closed.
      return first?.code === "TSK_UNCLOSED" ? [this.#pieces.causeOf(piece.told, first.start)] : piece.told;
    const { text } = this.#pieces.source;
    for (const line of this.#pieces.linesOf({ ...piece, told: on })) {
      const edits = [...swapsOf(text, piece, line), ...this.#pieces.rewritten(piece, line)];
      for (const edit of edits) {
        if (this.#rewrites-- <= 0) return piece.told;
        if (this.#pieces.repairs(edit, piece)) return [this.#pieces.causeOf(piece.told, line.start)];
      }
    }
    return piece.told;
  }

  /** One problem when a line end between two pieces is all that is wrong with them. */
  #joined(before: Piece, piece: Piece): Diagnostic | undefined {
    const both: Piece = { start: before.start, end: piece.end, told: [...before.told, ...piece.told] };
    if (before.told.length > 1 || this.#pieces.lineAt(before.told[0]?.start ?? 0).end + 1 !== piece.start)
      return undefined;
    for (const edit of joinsOf(piece.start - 1)) {
      if (this.#left-- <= 0) return undefined;
      if (this.#pieces.repairs(edit, both))
        return this.#pieces.causeOf(both.told, before.told[0]?.start ?? 0);
    }
    return undefined;
  }
}
