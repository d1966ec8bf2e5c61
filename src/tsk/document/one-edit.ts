import { asRelated, type Diagnostic, type Fix } from "../diagnostic.ts";
import type { Source, Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import { cutsOf, headersOf, partedWordsOf, renamesOf } from "../syntax/repair/cuts.ts";
import { editsOf, swapsOf } from "../syntax/repair/edits.ts";
import { contradictions, contradicts, isFlat } from "../syntax/repair/layout.ts";
import { withoutLines } from "../syntax/repair/lines.ts";
import { Trial } from "../syntax/repair/trial.ts";
import type { Loaded } from "./document.ts";
import type { LoadOptions } from "./options.ts";

/** More problems than one edit removes are noise. */
const several = 8;
/** Problems around which lines are tried. */
const most = 3;
/** Characters that may be judged for one document: the longer the text, the fewer edits are tried. */
const judged = 60_000;
/** Characters that may be read for one problem: for what may be cut out, and then for a sign more, less or other. */
const read = { cuts: 150_000, signs: 50_000 };
/** Texts that are judged for one problem, of each kind of edit. */
const tries = 4;
/** Words that may have been parted in two. */
const mostWords = 500;
/** Lines above a closing bracket among which the one that opens it is looked for. */
const farthest = 200;
/** Edits that repair one problem and nothing else: after so many it is a mistake of its own. */
const enough = 3;

/** A document with several problems, and how another one in its place is judged. */
export interface Again {
  readonly loaded: Loaded;
  /** What it was loaded from. */
  readonly options: LoadOptions;
  /** Names that may head a section; default none. */
  readonly sections?: readonly string[];
  /** All diagnostics of a document, before this looks at them. */
  readonly judge: (options: LoadOptions) => readonly Diagnostic[];
  /** The same with all that follows from them, when that is less work; default `judge`. */
  readonly quickly?: (options: LoadOptions) => readonly Diagnostic[];
}

/**
 * Diagnostics of a document, of which those that are gone when one edit is made to its base file are one: lines that changed
 * places, what was pasted into the middle of a line, a sign too few, too many or wrong. What an edit leaves it did not cause.
 * Only files one writes by hand are read again, for each try costs as much as the first reading; and none with operators or
 * secrets of a host, which are not asked twice.
 */
export function withoutOneEdit(all: readonly Diagnostic[], again: Again): readonly Diagnostic[] {
  const { loaded, options, sections = [], judge, quickly = judge } = again;
  const source = loaded.document.sources.get(options.entry);
  const asksHost = [options.operators, options.secrets].some((asked = []) => asked.length > 0);
  if (all.length < 2 || all.length > several || source === undefined || asksHost) return all;
  if (source.text.length > limits.laidOut) return all;
  let left = Math.floor(judged / (source.text.length + 1));
  const inFile = all.filter((one) => one.file === source.file);
  const near = inFile.slice(0, most);
  const least = contradictions(withoutLines(source.text, inFile));
  const trials = new Trials(source);
  // The only problem that an edit repairs, by where it is and what it writes: problems next to each other have the same lines tried.
  const known = new Map<string, Diagnostic | undefined>();
  for (const problem of near) {
    let own = 0;
    const fitting = (edit: Fix): boolean => fits(edit, source, least);
    for (const edit of editsNear(problem, all, { source, sections, trials, fitting })) {
      const id = `${edit.start} ${edit.end} ${edit.text}`;
      if (known.get(id) === problem && ++own === enough) break;
      if (known.has(id)) continue;
      if (left-- <= 0) return all;
      const edited = withEdit(edit, source.text, { ...options, before: loaded });
      const first = quickly({ ...edited, causes: "none" });
      const goneAtFirst = missingFrom(first, all, { edit, file: source.file });
      // A line that was only moved took its problem along.
      const repaired = first.length < all.length && goneAtFirst.length === 1 ? goneAtFirst[0] : undefined;
      known.set(id, repaired);
      if (repaired === problem && ++own === enough) break;
      if (goneAtFirst.length < 2) continue;
      const remaining = judge({ ...edited, causes: "file" });
      const gone = missingFrom(remaining, all, { edit, file: source.file });
      if (gone.length > 1 && remaining.length === all.length - gone.length)
        return together(all, gone, edit, source);
    }
  }
  return all;
}

/** The options with the text of the base file after an edit. */
function withEdit({ start, end, text: written }: Fix, text: string, options: LoadOptions): LoadOptions {
  const edited = text.slice(0, start) + written + text.slice(end);
  return { ...options, readFile: (path) => (path === options.entry ? edited : options.readFile(path)) };
}

/** Of those that are gone the one next to the edit is told, with the others as places that belong to it. */
function together(
  all: readonly Diagnostic[],
  gone: readonly Diagnostic[],
  edit: Repair,
  { file }: Source,
): readonly Diagnostic[] {
  const distance = (one: Diagnostic): number =>
    (one.file === file ? Math.max(edit.start - one.start, one.start - edit.end, 0) : Infinity) +
    (one.severity === "error" ? 0 : limits.laidOut);
  const told = gone.reduce((near, one) => (distance(one) < distance(near) ? one : near));
  const others = gone.filter((one) => one !== told).map(asRelated);
  const help = told.help ?? edit.help;
  return all.flatMap((one) => {
    if (one !== told) return gone.includes(one) ? [] : [one];
    const related = [...(one.related ?? []), ...others];
    return [{ ...one, ...(help === undefined ? {} : { help }), related }];
  });
}

interface Repair extends Fix {
  /** What it says of the mistake. */
  readonly help?: string;
}

/** Where edits are tried. */
interface Near {
  readonly source: Source;
  readonly sections: readonly string[];
  readonly trials: Trials;
  /** False for an edit that is none, for all that the layout shows. */
  readonly fitting: (edit: Fix) => boolean;
}

/** Edits of the line of a problem and of those beside it, the likelier kinds first. */
function* editsNear(
  problem: Diagnostic,
  all: readonly Diagnostic[],
  { source, sections, trials, fitting }: Near,
): Iterable<Repair> {
  const { text } = source;
  const lines = linesNear(problem, source);
  const whole = { start: 0, end: text.length };
  for (const { span, line } of lines)
    if (isEdge(source.written(line)) || isEdge(source.written(line + 1)))
      for (const swap of swapsOf(text, whole, span).filter(({ start }) => start === span.start))
        if (fitting(swap))
          yield { ...swap, help: `lines ${line} and ${line + 1} seem to have changed places` };
  const wanted = [...new Set(all.flatMap(wantedIn))];
  const spans = lines.map(({ span }) => span);
  // A copy that still has the name of what it was copied from.
  const missing = problem.code === "TSK_DUPLICATE" ? all.flatMap(missingIn) : [];
  const renames = inTurn(spans, (span) => renamesOf(text, span, { names: missing, sections }));
  yield* first(tries, renames);
  yield* nameless(source, sections);
  yield* inTurn(spans.slice(0, 1), (span) => headersOf(text, span, { names: wanted, sections }));
  const names = [...new Set([...wanted, ...sections])];
  const piece = sectionsAround(text, spans);
  const trial = trials.of(piece);
  // What is told of one line only is seldom several mistakes.
  const isOneLine = all.every((one) => one.file === problem.file && one.line === problem.line);
  // Where all can be read, no reading of lines shows what is wrong.
  const isRead = trial.isRight;
  const tried = isRead ? spans : spans.filter((span) => trial.mayRepair(span));
  const { words } = trials;
  const parted = inTurn(isRead ? [] : tried, (span) => partedWordsOf(text, span, { words, trial }));
  yield* first(tries, filtered(parted, fitting));
  yield* first(
    isOneLine ? tries * 4 : tries,
    filtered(
      inTurn(tried, (span) => cutsOf(text, span, { names, trial, isRead: isRead && !isOneLine })),
      fitting,
    ),
  );
  if (isRead) return;
  trial.allow(read.signs);
  for (const edits of editsOf)
    yield* first(
      tries,
      filtered(
        inTurn(tried, (span) => edits(text, piece, span)),
        (edit) => trial.isRightWith(edit) && fitting(edit),
      ),
    );
}

/** The name of a section that the text does not have before a block without one, with which the text begins and does not end. */
function* nameless({ text }: Source, sections: readonly string[]): Iterable<Repair> {
  const start = text.search(/\S/);
  if (!/^\{[ \t]*\r?\n/.test(text.slice(start, start + 10)) || !/^\}[^\n]*\n\s*\S/m.test(text)) return;
  const help = "this block seems to have lost its name";
  for (const name of sections)
    if (!new RegExp(`^[ \\t"'[]*${name}\\b`, "m").test(text))
      yield { start, end: start, text: `${name} `, help };
}

/** False for an edit of brackets that the layout of the text contradicts. */
function fits({ start, end, text: written }: Fix, { text }: Source, least: number): boolean {
  const edited = text.slice(0, start) + written + text.slice(end);
  const isOfBrackets = /[()[\]{}]/.test(written + text.slice(start, end));
  return !isOfBrackets || isFlat(text) || !contradicts(edited, text, least);
}

/** Pieces of a text in which edits are tried. */
class Trials {
  readonly #source: Source;
  readonly #known = new Map<string, Trial>();
  /** Words of the text of some length, each once; not all of a text with very many. */
  readonly words: readonly string[];

  constructor(source: Source) {
    this.#source = source;
    const words = source.text.matchAll(/[\p{L}_][\p{L}\d_-]{3,}/gu);
    this.words = [...new Set([...words].map(([word]) => word))].slice(0, mostWords);
  }

  of(piece: Span): Trial {
    const id = `${piece.start} ${piece.end}`;
    const trial = this.#known.get(id) ?? new Trial(this.#source, piece);
    this.#known.set(id, trial);
    trial.allow(read.cuts);
    return trial;
  }
}

function* inTurn<A, B>(all: readonly A[], give: (one: A) => Iterable<B>): Iterable<B> {
  for (const one of all) yield* give(one);
}

function* filtered<T>(all: Iterable<T>, keeps: (one: T) => boolean): Iterable<T> {
  for (const one of all) if (keeps(one)) yield one;
}

function* first<T>(count: number, all: Iterable<T>): Iterable<T> {
  let left = count;
  for (const one of all) {
    if (left-- <= 0) return;
    yield one;
  }
}

/** From the header above some lines to the header below them. */
function sectionsAround(text: string, spans: readonly Span[]): Span {
  const first = Math.min(...spans.map(({ start }) => start));
  const last = Math.max(...spans.map(({ end }) => end));
  const below = text.indexOf("\n[", last);
  return { start: text.lastIndexOf("\n[", first) + 1, end: below < 0 ? text.length : below + 1 };
}

/** The line of a problem, and the ones above and below; of a bracket that closes nothing also the one that should open it. */
function linesNear(
  { code, line: own }: Diagnostic,
  source: Source,
): readonly { readonly span: Span; readonly line: number }[] {
  const opening = code === "TSK_ORPHAN" ? openingOf(own, source) : undefined;
  return [...new Set([own, own - 1, own + 1, own - 2, opening ?? own])]
    .filter((line) => line >= 1 && source.lineSpan(line).start < source.text.length)
    .map((line) => {
      const { start } = source.lineSpan(line);
      return { span: { start, end: start + source.written(line).replace(/\r?\n$/, "").length }, line };
    });
}

/** The line that should open what one closes, as the layout shows: the next above that stands as far left. */
function openingOf(closing: number, source: Source): number | undefined {
  const indentOf = (line: number): number => source.written(line).search(/\S/);
  const indent = indentOf(closing);
  for (let line = closing - 1; line >= Math.max(1, closing - farthest); line--) {
    const own = indentOf(line);
    if (own >= 0 && own <= indent) return own === indent ? line : undefined;
  }
  return undefined;
}

/** A service that a problem says is named and is not there. */
function missingIn({ code, message }: Diagnostic): readonly string[] {
  return code === "FLEET_UNKNOWN_SERVICE" ? (/"([^"]+)", which/.exec(message)?.slice(1) ?? []) : [];
}

/** Names that a problem says are used and are nowhere, or were probably meant. */
function wantedIn({ message, help = "" }: Diagnostic): readonly string[] {
  const said = [...message.matchAll(nowhere), ...help.matchAll(/did you mean "?([\p{L}\d_-]+)/gu)];
  return said.flatMap((found) => found.slice(1).filter((name) => name !== undefined));
}

/** `leads to "x", which …`, `$x is not set`, `no x in this map`, `has no x`, `x names no key`. */
const nowhere =
  /"([^"]+)", which|(\$[\p{L}\d_]+) is not set|(?:no|has no) "?([\p{L}\d_-]+)"?(?: in this|:|$)|^([\p{L}\d_-]+) names no/gu;

/** True for a line that opens or closes something. */
function isEdge(line: string): boolean {
  return /[{[(]\s*(?:#.*)?\r?\n?$|^\s*[}\])]|^\[/.test(line);
}

/** Those that no longer stand where they stood, moved by what an edit puts in or takes out. */
function missingFrom(
  remaining: readonly Diagnostic[],
  all: readonly Diagnostic[],
  { edit, file }: { readonly edit: Fix; readonly file: string },
): readonly Diagnostic[] {
  const still = new Set(remaining.map((one) => `${one.start} ${keyOf(one)}`));
  const delta = edit.text.length - (edit.end - edit.start);
  return all.filter((one) => {
    const start = one.file === file && one.start >= edit.end ? one.start + delta : one.start;
    return !still.has(`${start} ${keyOf(one)}`);
  });
}

function keyOf({ file, code, message }: Diagnostic): string {
  return `${file} ${code} ${message}`;
}
