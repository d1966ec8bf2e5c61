import type { Fix } from "../../diagnostic.ts";
import type { Span } from "../../source.ts";

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
  for (const sign of ["", ...wanted]) {
    if (line.end < piece.end) yield { start: line.end, end: line.end + 1, text: sign };
    if (line.start > piece.start) yield { start: line.start - 1, end: line.start, text: sign };
  }
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

/** Signs that a line may lack: quotes that do not come in pairs, brackets of which the text has too few, what parts things. */
function wantedSigns(text: string, line: string): readonly string[] {
  const wanted: string[] = [];
  for (const quote of ['"', "'"]) if (count(line, quote) % 2 === 1) wanted.push(quote);
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
