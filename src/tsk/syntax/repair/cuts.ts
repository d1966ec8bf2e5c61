import type { Fix } from "../../diagnostic.ts";
import { didYouMean } from "../../report/suggest.ts";
import type { Span } from "../../source.ts";
import type { Trial } from "./trial.ts";

/** What is pasted by mistake is seldom longer. */
const longest = 60;
/** Longer lines are not cut. */
const widest = 500;

/** What a line is tried with. */
interface Given {
  /** Names that are used and are nowhere, or may head a section. */
  readonly names: readonly string[];
  /** Reads what is left. */
  readonly trial: Trial;
  /** True where all can be read as it is, and only headers and names tell what is too much. */
  readonly isRead: boolean;
}

/**
 * Stretches of a line without which it can be read, the likelier first: what stands around the header of a section, what parts
 * a name that is wanted in two or hides it, then the shorter before the longer.
 */
export function* cutsOf(text: string, span: Span, { names, trial, isRead }: Given): Iterable<Fix> {
  const line = lineOf(text, span);
  const stretches = [
    ...(span.start === 0 ? beforeBrace(line) : []),
    ...aroundHeaders(line),
    ...betweenParts(line, names),
    ...aroundNames(line, names),
    ...(isRead ? [] : betweenEdges(line)),
  ];
  yield* readable(line, span, { stretches, trial });
}

/** What parts a word in two that stands elsewhere in the text, too, or has grown onto one. */
export function* partedWordsOf(
  text: string,
  span: Span,
  { words, trial }: { readonly words: readonly string[]; readonly trial: Trial },
): Iterable<Fix> {
  const line = lineOf(text, span);
  const stretches = [
    ...betweenParts(line, words),
    ...aroundNames(line, words).filter((one) => isGrown(line, one)),
  ];
  yield* readable(line, span, { stretches, trial });
}

function* readable(
  line: string,
  { start }: Span,
  { stretches, trial }: { readonly stretches: readonly Stretch[]; readonly trial: Trial },
): Iterable<Fix> {
  const tried = new Set<string>();
  for (const [from, to] of stretches) {
    const cut: Fix = { start: start + from, end: start + to, text: "" };
    if (!trial.mayBalance(cut)) continue;
    const left = line.slice(0, from) + line.slice(to);
    const words = left.replace(/(?<=\S)\s+/g, " ");
    if (tried.has(words)) continue;
    tried.add(words);
    if (trial.readsAlone(left) && trial.isRightWith(cut)) yield cut;
  }
}

/** The text of a line that may be cut. */
function lineOf(text: string, { start, end }: Span): string {
  const line = text.slice(start, end);
  return line.length > widest || line.trim() === "" ? "" : line;
}

/**
 * A line that begins with a word which may be another name, or the header of a section written as a key, or behind something else
 * without the line end between.
 */
export function* renamesOf(
  text: string,
  { start, end }: Span,
  { names, sections }: { readonly names: readonly string[]; readonly sections: readonly string[] },
): Iterable<Fix> {
  const line = text.slice(start, Math.min(end, start + widest));
  const header = /^\[?([\p{L}_][\p{L}\d_-]*)\]?[ \t]*[:={]?[ \t]*$/u.exec(line)?.[1];
  if (header !== undefined && sections.includes(header)) yield { start, end, text: `[${header}]` };
  const behind = /\S[ \t]*\[([\p{L}_][\p{L}\d_-]*)\][ \t]*$/u.exec(line);
  const joined = start + line.lastIndexOf("[");
  if (behind !== null && sections.includes(behind[1] ?? "")) yield { start: joined, end: joined, text: "\n" };
  const key = /^([ \t]*["']?)([\p{L}_][\p{L}\d_-]*)["']?[ \t]*[:={]/u.exec(line);
  const [, before = "", word = ""] = key ?? [];
  const at = start + before.length;
  if (word !== "") for (const name of names) yield { start: at, end: at + word.length, text: name };
}

/**
 * For a header that is nearly one from which others go on, or one of a name that is wanted, that one; and above an entry that stands
 * as far left as headers do, one that is not there.
 */
export function* headersOf(
  text: string,
  { start, end }: Span,
  { names, sections }: { readonly names: readonly string[]; readonly sections: readonly string[] },
): Iterable<Fix> {
  const paths = new Set([...text.matchAll(/^\[([\p{L}_][\p{L}\d_.-]*)\]/gmu)].map(([, path = ""]) => path));
  const around = new Set(
    [...paths].flatMap((path) => [...path.matchAll(/\./g)].map(({ index }) => path.slice(0, index))),
  );
  const wanted = [...around].flatMap((path) => names.map((name) => `${path}.${name}`));
  const missing = [...new Set([...around, ...sections])].filter((path) => !paths.has(path));
  const line = text.slice(start, Math.min(end, start + widest));
  const own = /^\[([\p{L}_][\p{L}\d_.-]*)\]/u.exec(line)?.[1] ?? "";
  const meant = didYouMean(own, [...missing, ...wanted]);
  if (meant !== undefined) yield { start: start + 1, end: start + 1 + own.length, text: meant };
  if (paths.size > 0 && /^[\p{L}_"'][^:={[]*[:=]/u.test(line))
    for (const path of missing) yield { start, end: start, text: `[${path}]\n` };
}

type Stretch = readonly [from: number, to: number];

/** What stands before a header, and what stands behind it. */
function aroundHeaders(line: string): readonly Stretch[] {
  return [...line.matchAll(/\[\s*[\p{L}_][\p{L}\d_.-]*\s*\]/gu)].flatMap(({ 0: { length }, index }) => {
    const stretches: Stretch[] = [];
    if (index > 0) stretches.push([0, index]);
    if (index + length < line.length) stretches.push([index + length, line.length]);
    return stretches;
  });
}

/** What stands before the brace that opens a whole document. */
function beforeBrace(line: string): readonly Stretch[] {
  const [, before = ""] = /^([^{]+)\{\s*$/.exec(line) ?? [];
  return before === "" ? [] : [[0, before.length]];
}

/** What stands between the two parts of a name. */
function betweenParts(line: string, names: readonly string[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const name of names) {
    for (let split = 1; split < name.length; split++) {
      const tails = placesOf(line, name.slice(split), "behind");
      if (tails.length === 0) continue;
      for (const at of placesOf(line, name.slice(0, split), "before"))
        for (const to of tails) if (isStretch(at + split, to)) found.push([at + split, to]);
    }
  }
  return found.toSorted(byLength);
}

/** What stands beside a name, up to where something else begins or ends; what has grown onto it first. */
function aroundNames(line: string, names: readonly string[]): readonly Stretch[] {
  const edges = edgesOf(line);
  const found: Stretch[] = [];
  for (const name of names) {
    for (const to of placesOf(line, name, "behind"))
      for (const from of edges) if (isStretch(from, to)) found.push([from, to]);
    for (const at of placesOf(line, name, "before"))
      for (const to of edges) if (isStretch(at + name.length, to)) found.push([at + name.length, to]);
  }
  return found.toSorted((a, b) => Number(isGrown(line, b)) - Number(isGrown(line, a)) || byLength(a, b));
}

/** True for a stretch that begins or ends in the middle of a word. */
function isGrown(line: string, ends: Stretch): boolean {
  return ends.some((at) => isLetter(line[at - 1]) && isLetter(line[at]));
}

/** Where a part of a name stands at the side of which no other letter does. */
function placesOf(line: string, part: string, free: "before" | "behind"): readonly number[] {
  const places: number[] = [];
  for (let at = line.indexOf(part); at >= 0; at = line.indexOf(part, at + 1)) {
    const beside = free === "before" ? line[at - 1] : line[at + part.length];
    if (!isLetter(beside)) places.push(at);
  }
  return places;
}

function betweenEdges(line: string): readonly Stretch[] {
  const edges = edgesOf(line);
  return edges
    .flatMap((from) => edges.flatMap((to): Stretch[] => (isStretch(from, to) ? [[from, to]] : [])))
    .toSorted(byLength);
}

/** Where words begin and end, and around signs. */
function edgesOf(line: string): readonly number[] {
  const edges: number[] = [];
  for (let at = 0; at <= line.length; at++)
    if (!isLetter(line[at - 1]) || !isLetter(line[at])) edges.push(at);
  return edges;
}

function isStretch(from: number, to: number): boolean {
  return to > from && to - from <= longest;
}

function byLength([a, b]: Stretch, [c, d]: Stretch): number {
  return b - a - (d - c);
}

function isLetter(sign = ""): boolean {
  return /[\p{L}\d_-]/u.test(sign);
}
