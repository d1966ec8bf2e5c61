import type { TskCode } from "../../codes.ts";
import { type Diagnostic, problem } from "../../diagnostic.ts";
import { Source, type Span } from "../../source.ts";
import { movedItem } from "../again/moved.ts";
import { reparse } from "../again/reparse.ts";
import { limits } from "../limits.ts";
import { isRefused, isSound, parse } from "../parse.ts";
import { sidesPassed } from "../scan-merge.ts";
import type { Item, Tree, Value } from "../tree.ts";
import { isOneMistake, withoutConsequences } from "./consequences.ts";
import { isClosing, isOfBracket } from "./layout.ts";
import { blanked, Lines } from "./lines.ts";
import { rebuilt } from "./rebuild.ts";
import { namelessPrefix, type Rebuilt, signsOf } from "./written.ts";

/** What is left of a text without the lines that cannot be read and what may have moved with them. */
export interface Intact {
  /** Its items, which stand where they stood. */
  readonly items: readonly Item[];
  /** The lines that were given up, in order. */
  readonly lost: readonly Span[];
  /** Sections of which the header is one of them. Their items stand below a name that no file can have. */
  readonly nameless: readonly Span[];
  /** The lines with the blocks around them that they leave open: without these the rest can be read as it is written. */
  readonly blocks?: readonly Span[];
  /** Where blocks begin of which the name is missing. */
  readonly unnamed?: readonly number[];
  /** What is wrong with lines that were not read at all before. */
  readonly found?: readonly Diagnostic[];
  /** Brackets that are missing or too many as the layout shows, by where the parser has found that one is. */
  readonly strays?: ReadonlyMap<number, Diagnostic>;
}

/** Lines longer than this are no halves of one that was cut. */
const longest = 1000;

/** Times that what is left is looked at; the last but one gives up whole sections, the last all. */
const rounds = 4;

/**
 * The part of a text that no mistake of its syntax has touched; undefined when nothing is wrong. First the lines of the
 * mistakes are given up; where brackets on them do not close, the block that the layout of the text shows, for the lines
 * below may belong to another map than they seem to; then sections, at last all.
 *
 * @param laidOut length of a text of which the layout is asked; 2 MiB by default
 */
export function intact(tree: Tree, laidOut: number = limits.saved): Intact | undefined {
  if (!isWrong(tree)) return undefined;
  const { text, file, layer } = tree.source;
  const nothing: Intact = { items: [], lost: [{ start: 0, end: text.length }], nameless: [] };
  if (text.length > limits.saved || isRefused(tree)) return nothing;
  // Nobody knows which side of a merge is meant; the first is what was read.
  const merges = tree.diagnostics.filter(({ code }) => code === "TSK_MERGE");
  const lines = new Lines(
    blanked(
      text,
      merges.flatMap(({ start }) => sidesPassed(text, start)),
    ),
  );
  const problems: Diagnostic[] = [];
  let now = tree;
  let found: readonly Diagnostic[] = [];
  let isAsked = text.length > laidOut;
  for (let round = 1; round < rounds; round++) {
    problems.push(...now.diagnostics);
    lines.giveUp(now.diagnostics.flatMap((one) => linesOf(one, tree.source)));
    if (!isAsked && lines.isTorn) {
      const anew = byLayout(tree, problems, lines);
      if (anew !== undefined) return { ...anew, found: [...found, ...anew.found] };
      isAsked = true;
    }
    const { isWhole } = lines;
    lines.grow(round === rounds - 1);
    now = reparse(tree, new Source(file, lines.left(), layer));
    if (isWrong(now)) {
      // Without whole lines nothing is wrong that was not wrong before.
      if (round === 1 && isWhole) found = untold(tree, now, lines);
      continue;
    }
    const nameless = lines.sections();
    return { items: withSections(now.items, nameless, text), lost: lines.lost(), nameless, found };
  }
  return nothing;
}

/** What is wrong with lines apart from those of which problems are told, and shows only now that those are blank. */
function untold(tree: Tree, now: Tree, lines: Lines): readonly Diagnostic[] {
  // What stands between tags, or in a merge, is part of them.
  if (tree.diagnostics.some(({ code }) => code === "TSK_MARKUP" || code === "TSK_MERGE")) return [];
  const told = new Set(tree.diagnostics.flatMap((one) => linesOf(one, tree.source)));
  return withoutConsequences(now).filter(
    (one) =>
      one.severity === "error" &&
      [one, ...(one.related ?? [])].every(({ line }) => !lines.isBeside(line - 1, told)),
  );
}

/** What is left when brackets are put where the layout says; undefined when it says nothing, or what it says cannot be read. */
function byLayout(
  tree: Tree,
  diagnostics: readonly Diagnostic[],
  lines: Lines,
): (Intact & Required<Pick<Intact, "found">>) | undefined {
  const { source } = tree;
  const torn = diagnostics.filter(isOfBracket);
  const brackets = torn.map(({ line }) => line - 1);
  const unread = new Set(
    diagnostics.filter((one) => !isOfBracket(one)).flatMap((one) => linesOf(one, source)),
  );
  for (const index of lines.otherHalves(unread)) unread.add(index);
  const text = lines.withoutHeaders();
  const told = new Set([...brackets, ...unread]);
  const found: Diagnostic[] = [];
  for (let round = 1; round < rounds; round++) {
    const sections = lines.sectionsAround([...brackets, ...unread]);
    const anew = rebuilt(text, sections, { brackets: torn, lost: unread });
    if (anew === undefined) return undefined;
    if (round === 1 && brackets.length === 0) found.push(...orphans(source, anew.dropped, lines, told));
    const now = parse(new Source(source.file, anew.text, source.layer));
    const wrong = now.diagnostics.filter((one) => one.severity === "error");
    if (wrong.length === 0) {
      lines.giveUp([
        ...unread,
        ...brackets,
        ...anew.closed.map((at) => source.at({ start: at, end: at }).line - 1),
      ]);
      const nameless = lines.sections();
      const items = now.items.map((item) => movedItem(item, anew.from));
      const { strays, hidden } = byBrackets(tree, anew, { lines, unread });
      return {
        items: withSections(items, nameless, source.text),
        lost: lines.lost(),
        nameless,
        found: [...found, ...hidden],
        strays,
        unnamed: anew.unnamed,
        blocks: blocksOf(tree),
      };
    }
    for (const { start, end, related: _related, fix: _fix, ...one } of wrong) {
      const place = source.at({ start: anew.from(start), end: anew.from(end) });
      if (round === 1 && !lines.isTouched(place.line - 1, told)) found.push({ ...one, ...place });
      unread.add(place.line - 1);
    }
  }
  return undefined;
}

interface Brackets extends Required<Pick<Intact, "strays">> {
  readonly hidden: readonly Diagnostic[];
}

/**
 * What the layout shows of brackets that are missing or too many: the places of those that the parser has told further down, and
 * those that it has passed. The latter only where all around them can be read, and no edit repairs them with what is told.
 */
function byBrackets(
  tree: Tree,
  anew: Rebuilt,
  { lines, unread }: { readonly lines: Lines; readonly unread: ReadonlySet<number> },
): Brackets {
  const { source, diagnostics } = tree;
  const shown = new Map<number, Diagnostic>();
  // Of more than are told nobody asks which they are, and each is looked for among all.
  if (anew.closed.length + anew.dropped.length > limits.diagnostics) return { strays: new Map(), hidden: [] };
  const shows = (one: Diagnostic | undefined): void => {
    if (one !== undefined && !shown.has(one.line)) shown.set(one.line, one);
  };
  for (const at of anew.closed) shows(unclosedOn(source, at));
  for (const at of anew.dropped) shows(orphanAt(source, at));
  for (const [line, { code }] of shown) {
    const range = code === "TSK_ORPHAN" ? lines.upTo(line - 1) : lines.from(line - 1);
    if (range.some((index) => unread.has(index))) shown.delete(line);
  }
  const told = diagnostics.filter(isOfBracket);
  const elsewhere = told.filter(({ line }) => !shown.delete(line));
  const strays = new Map<number, Diagnostic>();
  for (const { code, line, start } of elsewhere) {
    const [near] = [...shown.keys()].sort((a, b) => Math.abs(a - line) - Math.abs(b - line));
    const one = shown.get(near ?? 0);
    if (near === undefined || one === undefined) break;
    if (one.code === code) strays.set(start, one);
    shown.delete(near);
  }
  const hidden = [...shown.values()];
  return { strays, hidden: hidden.length === 0 || isOneMistake(tree, hidden) ? [] : hidden };
}

/** The last bracket that a line leaves open. */
function unclosedOn(source: Source, lineStart: number): Diagnostic | undefined {
  const { line } = source.at({ start: lineStart, end: lineStart });
  const open: number[] = [];
  for (const { 0: sign, index } of signsOf(source.written(line)).matchAll(/[()[\]{}]/g)) {
    if (isClosing(sign)) open.pop();
    else open.push(index);
  }
  const at = open.at(-1);
  if (at === undefined) return undefined;
  const start = lineStart + at;
  const sign = source.text[start] ?? "";
  return problem(source, { start, end: start + 1 }, "TSK_UNCLOSED", `this ${sign} is never closed`);
}

function orphanAt(source: Source, start: number): Diagnostic {
  const sign = source.text[start] ?? "";
  return problem(source, { start, end: start + 1 }, "TSK_ORPHAN", `this ${sign} closes nothing`);
}

/** Brackets that close nothing where the parser has found that they do. */
function orphans(
  source: Source,
  dropped: readonly number[],
  lines: Lines,
  told: ReadonlySet<number>,
): readonly Diagnostic[] {
  return dropped.flatMap((start) => {
    const one = orphanAt(source, start);
    return lines.isBeside(one.line - 1, told) ? [] : [one];
  });
}

function blocksOf({ source, diagnostics }: Tree): readonly Span[] {
  const lines = new Lines(source.text);
  lines.giveUp(diagnostics.flatMap((one) => linesOf(one, source)));
  lines.grow(false);
  return lines.lost();
}

/** The lines (from 0) that cannot be read for an error. */
export function linesOf({ severity, code, line, start, end }: Diagnostic, source: Source): readonly number[] {
  if (severity !== "error") return [];
  if (code === "TSK_MERGE") return sidesPassed(source.text, start).flatMap((span) => linesAt(source, span));
  const most = whole.has(code) ? limits.saved : limits.diagnostics;
  const lines = linesAt(source, { start, end }, most);
  // What never ends is as long as the rest of the text.
  if (code !== "TSK_STRING_OPEN" && code !== "TSK_COMMENT_OPEN" && lines.length > 1) return lines;
  // A string that a line end has cut goes on below, and so may a key without its value.
  const goesOn =
    (code === "TSK_STRING_OPEN" && joinedLines(source, line) !== undefined) ||
    (code === "TSK_EMPTY_VALUE" && /^\s*[[{]/.test(source.line(line + 1)));
  return goesOn ? [line - 1, line] : [line - 1];
}

/** The lines (from 0) on which a stretch of a text stands; not more than so many. */
function linesAt(source: Source, { start, end }: Span, most = limits.saved): readonly number[] {
  const first = source.at({ start, end: start }).line - 1;
  return source.text
    .slice(start, end)
    .split("\n", most)
    .map((_, index) => first + index);
}

/** Codes of what is told once for all of its lines, however many. */
const whole: ReadonlySet<string> = new Set<TskCode>([
  "TSK_CODE",
  "TSK_DIRECTIVE",
  "TSK_MARKUP",
  "TSK_STATEMENT",
]);

/** A line (from 1) and the next one as one, when they make sense so, and are not very long. */
export function joinedLines(source: Source, line: number): string | undefined {
  const [first, second] = [source.written(line).trimEnd(), source.written(line + 1).trim()];
  if (line < 1 || first.length > longest || second.length > longest) return undefined;
  const text = first + second;
  if (/[:=]\s*$/.test(first)) return text;
  return isSound(new Source(source.file, `${source.compat ? "" : "#!tusker 1\n"}${text}${closingOf(text)}`))
    ? text
    : undefined;
}

/** What closes the bracket that a line ends with. */
function closingOf(line: string): string {
  const opened = line.trimEnd().at(-1) ?? "";
  return opened === "{" ? "}" : opened === "[" ? "]" : "";
}

/**
 * Items with the header of a section in place of each that is lost: what stands below is no part of the one above. Where one
 * name is all that is left of a header, it is that name.
 */
function withSections(items: readonly Item[], nameless: readonly Span[], text: string): readonly Item[] {
  const lines = nameless.map(({ start }) => text.slice(start, start + longest).split("\n", 1)[0] ?? "");
  const tables = Map.groupBy(lines, (line) => table.exec(line)?.[1]);
  const headers = nameless.map(({ start }, index): Item => {
    const line = lines[index] ?? "";
    // Several of TOML's `[[routes]]` are the elements of a list: what stands below are no keys of that name.
    const isElement = table.test(line) && (tables.get(table.exec(line)?.[1])?.length ?? 0) > 1;
    const named = isElement ? undefined : nameIn(line);
    const names = named?.split(".") ?? [`${namelessPrefix}section ${index}`];
    return { kind: "section", path: names.map((name) => ({ name, start, end: start })), start, end: start };
  });
  return headers.length === 0 ? items : [...items, ...headers].sort((a, b) => a.start - b.start);
}

const table = /^\s*\[\s*\[([^[\]]*)\]\s*\]/;

/** The name in a line that was meant as a header: in brackets, or the only word there is. */
function nameIn(line: string): string | undefined {
  const written = line.replace(/\s(?:#|\/\/).*$/, "");
  const found =
    /^\s*\[\s*([\p{L}_][\p{L}\d_-]*(?:\.[\p{L}_][\p{L}\d_-]*)*)\s*\]/u.exec(written) ??
    /^[^\p{L}_"'-]*([\p{L}_][\p{L}\d_-]*(?:\.[\p{L}_][\p{L}\d_-]*)*)(?!\.)[^\p{L}\d_"'-]*$/u.exec(written);
  // Of a longer name the rest may be what is missing.
  const isCut = found?.[1]?.includes(".") === true && !written.includes("]");
  return isCut ? undefined : found?.[1];
}

/** True for the name that stands in place of the header of a section that cannot be read. */
export function isNameless(key: string): boolean {
  return key.startsWith(namelessPrefix);
}

/** True for the name in place of a header that cannot be read. */
export function isNamelessSection(key: string): boolean {
  return key.startsWith(`${namelessPrefix}section `);
}

function isWrong({ diagnostics }: Tree): boolean {
  return diagnostics.some((one) => one.severity === "error");
}

/** The path of the map, or of the value, in which an offset of a text stands. */
export function pathAt(items: readonly Item[], offset: number): readonly string[] {
  return placeAt(items, offset).path;
}

/** The same, and where that value ends; at the offset in a map. */
export function placeAt(items: readonly Item[], offset: number): Place {
  let section: readonly string[] = [];
  for (const item of items) {
    if (item.start > offset) break;
    if (item.kind === "section") section = item.path.map((key) => key.name);
    // A key without width was put where what cannot be read stands: that is beside it, not in it.
    else if (item.kind === "entry" && offset < item.end && item.path[0]?.end !== offset) {
      const { path, end } = placeIn(item.value, offset);
      return { path: [...section, ...item.path.map((key) => key.name), ...path], end };
    }
  }
  return { path: section, end: offset };
}

interface Place {
  readonly path: readonly string[];
  readonly end: number;
}

function placeIn(value: Value, offset: number): Place {
  if (value.kind === "object" && offset > value.start) return placeAt(value.items, offset);
  const whole: Place = { path: [], end: value.end };
  if (value.kind !== "array") return whole;
  const index = value.elements.findIndex((one) => one.start <= offset && offset < one.end);
  const element = value.elements[index];
  if (element === undefined) return whole;
  const { path, end } = placeIn(element, offset);
  return { path: [String(index), ...path], end };
}
