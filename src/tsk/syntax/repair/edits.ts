import type { Fix } from "../../diagnostic.ts";
import type { Span } from "../../source.ts";
import { isFlat } from "./layout.ts";

/** Small edits that could repair a line of a piece of text, the likelier kinds first. */
export const editsOf: readonly ((text: string, piece: Span, line: Span) => Iterable<Fix>)[] = [
  takenOut,
  atLineEnds,
  exchanged,
  putIn,
];

/** A sign too many. */
function* takenOut(text: string, _piece: Span, line: Span): Iterable<Fix> {
  for (let at = line.start; at < line.end; at++)
    if (isSign(text, at)) yield { start: at, end: at + 1, text: "" };
}

/** A sign for another, for a letter or a digit, for the one beside it, or for the sign of a comment. */
function* exchanged(text: string, piece: Span, line: Span): Iterable<Fix> {
  const wanted = wantedSigns(text.slice(piece.start, piece.end), text.slice(line.start, line.end));
  for (let at = line.start; at + 1 < line.end; at++)
    if (isSign(text, at) || isSign(text, at + 1))
      yield { start: at, end: at + 2, text: `${text[at + 1]}${text[at]}` };
  for (let at = line.start; at < line.end; at++) {
    if (!isSign(text, at)) continue;
    for (const sign of [...wanted, "1", "+"])
      if (sign !== text[at]) yield { start: at, end: at + 1, text: sign };
  }
  const written = text.slice(line.start, line.end);
  // Of anything but a sign that means nothing, or prose, a comment would hide what is wrong, not repair it.
  const stray = /^\s*[^\p{L}\d_\s"'${}[\]().@-]/u.exec(written);
  if (stray !== null) yield { start: line.start, end: line.start + stray[0].length, text: "#" };
  const prose = written.search(/(?:[\p{L}'`-]+[ ,;.]+){3}/u);
  for (let at = 0; at <= prose; at++)
    if (at === prose || isSign(written, at)) yield { start: line.start + at, end: line.end, text: "#" };
}

/** A sign that is missing. */
function* putIn(text: string, piece: Span, line: Span): Iterable<Fix> {
  const wanted = wantedSigns(text.slice(piece.start, piece.end), text.slice(line.start, line.end));
  for (let at = line.start; at <= line.end; at++)
    if (isEdge(text, at)) for (const sign of wanted) yield { start: at, end: at, text: sign };
}

/** A line end too many, or for a sign. */
function* atLineEnds(text: string, piece: Span, line: Span): Iterable<Fix> {
  const wanted = wantedSigns(text.slice(piece.start, piece.end), text.slice(line.start, line.end));
  const ends = [line.end, line.start - 1].filter((at) => piece.start <= at && at < piece.end);
  for (const sign of ["", ...wanted]) for (const at of ends) yield { start: at, end: at + 1, text: sign };
  // The quote that a line end has taken may be missing on the other line only.
  for (const at of ends)
    for (const sign of wantedQuotes(linesBeside(text, at)))
      if (!wanted.includes(sign)) yield { start: at, end: at + 1, text: sign };
  for (const at of ends) for (const sign of halvesAt(text, at)) yield { start: at, end: at + 1, text: sign };
}

/** The other half of a sign of two of which a line end has taken one. */
function halvesAt(text: string, at: number): readonly string[] {
  return [text[at - 1] ?? "", text[at + 1] ?? ""].filter((sign) => sign !== "" && "=|&?".includes(sign));
}

/** The line for the one below it, and for the one above it. */
export function swapsOf(text: string, piece: Span, line: Span): readonly Fix[] {
  const swapped = (start: number, middle: number, end: number): Fix => ({
    start,
    end,
    text: `${text.slice(middle + 1, end)}\n${text.slice(start, middle)}`,
  });
  const swaps: Fix[] = [];
  const below = text.indexOf("\n", line.end + 1);
  const end = below < 0 ? text.length : below;
  if (line.end + 1 < Math.min(end, piece.end)) swaps.push(swapped(line.start, line.end, end));
  const above = text.lastIndexOf("\n", line.start - 2) + 1;
  if (line.start > piece.start && above >= piece.start) swaps.push(swapped(above, line.start - 1, line.end));
  return swaps;
}

/**
 * True for a line that may have opened a bracket before something else came to stand on it. Where no layout tells, that is one
 * with brackets that do not pair, or the beginning of a key that has no value.
 */
export function mayOpen(text: string, piece: Span, line: Span): boolean {
  if (!isFlat(text.slice(piece.start, piece.end))) return true;
  const written = text.slice(line.start, line.end);
  // A header, or what is left of one.
  if (/^\[\s*[\p{L}_]|^[\p{L}_][\p{L}\d_.-]*\]/u.test(written)) return false;
  if (written.trim() === "" || isTorn(written, /[^\p{L}\d\s]\s*[([{]|^\s*[\p{L}"'][^:=]*\{/u)) return true;
  return /^\s*(?:["'][^"']*["']?|[\p{L}_$][\p{L}\d_$.-]*)\s*[:=]?\s*[^\p{L}\d\s]?\s*$/u.test(written);
}

/** A line that was left out before this one: as far left as the next that stands further left, or anywhere where no layout shows. */
export function lineBefore(text: string, piece: Span, { start, end }: Span): readonly Fix[] {
  const before = (lines: readonly string[]): readonly Fix[] =>
    lines.map((line) => ({ start, end: start, text: `${line}\n` }));
  if (isFlat(text.slice(piece.start, piece.end))) return before(["x: {", "}", "x: [", "]"]);
  const indent = indentOf(text.slice(start, end));
  // What stands as deep as the line above belongs to the same.
  const above = text.slice(piece.start, start).trimEnd().split("\n").at(-1) ?? "";
  if (above !== "" && indentOf(above) >= indent) return [];
  const outer = new RegExp(`\\n([ \\t]{0,${indent - 1}})[^\\s]`).exec(
    indent === 0 ? "" : text.slice(end, piece.end),
  );
  return outer === null ? [] : before([`${outer[1]}x: {`, `${outer[1]}x: [`]);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** True for a line that may have closed one: it has brackets that do not pair, or hardly anything. */
export function mayClose(text: string, line: Span): boolean {
  const written = text.slice(line.start, line.end);
  if (written.trim().length < 3) return true;
  if (/^\s*(?:["'][^"']*["']|[\p{L}_$][\p{L}\d_$.-]*)\s*[:={]/u.test(written)) return false;
  // Something that was pasted before the bracket.
  return isTorn(written, /[)\]}]/) || (/[)\]}]\s*$/.test(written) && !/^\s*["'{[]/.test(written));
}

/** True when brackets of a line do not pair, one of some among them, or a quote or a comment may hide that they do not. */
function isTorn(line: string, some: RegExp): boolean {
  if (!some.test(line)) return false;
  return !isBalanced(line) || count(line, '"') % 2 === 1 || /#|\/\//.test(line);
}

/** What was perhaps pasted into the middle of a line: it ends in the middle of something, for its brackets do not pair. */
export function pastesOf(text: string, first: Span, last: Span): readonly Fix[] {
  if (last.start < first.end || text.slice(first.start, last.end).includes("\n")) return [];
  const newline = text.indexOf("\n", last.end);
  const ends = [last.start, last.end, newline < 0 ? text.length : newline];
  return [first.start, first.end].flatMap((start) =>
    ends
      .filter((end) => !isBalanced(text.slice(start, end)))
      .flatMap((end) => ["", " 1"].map((put) => ({ start, end, text: put }))),
  );
}

/** The brace of a document of JSON, which only the one at its end shows to be missing. */
export function openingsOf(text: string, piece: Span): readonly Fix[] {
  const first = text.search(/\S/);
  const isWhole = piece.start <= first && text.slice(piece.end).trim() === "";
  if (!isWhole || !/^["']/.test(text.slice(first)) || !/\}\s*$/.test(text)) return [];
  const start = text.lastIndexOf("\n", first) + 1;
  return [{ start, end: start, text: "{\n" }];
}

/** What may stand at the end of a text that breaks off: the rest of its last line, and all that closes what is open. */
export function endingsOf(text: string, piece: Span): readonly Fix[] {
  const written = text.slice(piece.start, piece.end).trimEnd();
  const end = piece.start + written.length;
  const closing = closingOf(written);
  if (closing === "") return [];
  return ["", '"', "'", " 1", ": 1", '": 1', "x()", "x"].map((rest) => ({
    start: end,
    end: piece.end,
    text: `${rest}\n${closing}`,
  }));
}

/** What closes the brackets that a text leaves open, as far as its quotes and comments can be read. */
export function closingOf(text: string): string {
  const open: string[] = [];
  for (const sign of bracketsOf(text)) {
    const closing = brackets.find(([opening]) => opening === sign)?.[1];
    if (closing !== undefined) open.push(closing);
    else if (sign === open.at(-1)) open.pop();
  }
  return open.toReversed().join("\n");
}

/** The brackets of a text, as far as its quotes and comments can be read. */
export function bracketsOf(text: string): readonly string[] {
  const found = text.matchAll(/"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|(?:#|\/\/).*|[()[\]{}]/g);
  return [...found].flatMap(([sign]) => (sign.length === 1 && !/["'#]/.test(sign) ? [sign] : []));
}

/** Edits that take a line end out, or put in its place what may have stood there. */
export function joinsOf(at: number): readonly Fix[] {
  return ["", '"', "'", "1", ",", " ", "{", "}", "[", "]", ":", "@", "$", "."].map((text) => ({
    start: at,
    end: at + 1,
    text,
  }));
}

/** True for a text with as many opening as closing brackets of each kind. */
export function isBalanced(text: string): boolean {
  return imbalance(text) === 0;
}

/**
 * True for a text that one sign more, less or other could put right: not too many brackets without another, and where none
 * is, what is wrong stands on the same lines.
 */
export function isRepairable(text: string, lines: number): boolean {
  const brackets = imbalance(text);
  if (brackets > 2) return false;
  // A comment hides brackets, and a quote whole lines.
  return (
    brackets > 0 ||
    lines <= 2 ||
    text.split("\n").some((line) => count(line, '"') % 2 === 1 || /#|\/\//.test(line))
  );
}

function imbalance(text: string): number {
  return brackets.reduce((sum, [open, close]) => sum + Math.abs(count(text, open) - count(text, close)), 0);
}

const brackets = [
  ["{", "}"],
  ["[", "]"],
  ["(", ")"],
] as const;

/** The line that ends at an offset and the one below it. */
function linesBeside(text: string, at: number): string {
  const end = text.indexOf("\n", at + 1);
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, end < 0 ? text.length : end);
}

/** Quotes that do not come in pairs. */
function wantedQuotes(line: string): readonly string[] {
  return ['"', "'"].filter((quote) => count(line, quote) % 2 === 1);
}

/** Signs that a line may lack: quotes that do not come in pairs, brackets of which the text has too few, what parts things. */
function wantedSigns(text: string, line: string): readonly string[] {
  const wanted = [...wantedQuotes(line)];
  for (const [open, close] of brackets) {
    const more = count(text, open) - count(text, close);
    if (more > 0) wanted.push(close);
    if (more < 0) wanted.push(open);
  }
  return [...wanted, ",", ":", "\n"];
}

function count(text: string, sign: string): number {
  let found = 0;
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) found++;
  return found;
}

/** Anything but white space and the letters of words; a word of one letter may be a slip too. */
function isSign(text: string, at: number): boolean {
  const word = /[\p{L}\d_-]/u;
  const sign = text[at] ?? "";
  if (!word.test(sign) || sign === "-") return sign.trim() !== "";
  return !word.test(text[at - 1] ?? "") && !word.test(text[at + 1] ?? "");
}

/** Where a word begins or ends, and around signs. */
function isEdge(text: string, at: number): boolean {
  const [before, after] = [text[at - 1] ?? "", text[at] ?? ""];
  const word = /[\p{L}\d_-]/u;
  return !(word.test(before) && word.test(after)) && !(before === " " && after === " ");
}
