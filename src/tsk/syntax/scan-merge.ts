import type { Span } from "../source.ts";
import type { Report } from "./scan-string.ts";
import { kind, type Tokens } from "./token.ts";

/**
 * What version control leaves where two changes of a file meet: `<<<<<<< ours`, `||||||| base`, `=======`, `>>>>>>> theirs`, each at
 * the beginning of a line. The first side is read, the others are passed as a comment is: both would say everything twice.
 */
const marker = /(?:<{7}|\|{7}|={7}|>{7})(?=[ \t\r\n]|$)[^\n]*/y;

/** True for a text in which a merge ends: what its other markers mean depends on where. */
export function isMerging(text: string): boolean {
  return text.includes("\n>>>>>>>");
}

/** Ends of merges in a text that is scanned from its beginning to its end; each is looked for once. */
export class Merges {
  readonly #text: string;
  /** Where the last line looked for begins: past the end of the text when there is none. */
  #end = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** At a sign at which a marker may begin. Returns where scanning goes on; 0 when there is none. */
  at(start: number, tokens: Tokens, report: Report): number {
    const text = this.#text;
    if (start > 0 && text.charCodeAt(start - 1) !== 10) return 0;
    marker.lastIndex = start;
    const found = marker.exec(text)?.[0];
    if (found === undefined) return 0;
    const width = found.endsWith("\r") ? found.length - 1 : found.length;
    const isSide = found.startsWith("|") || found.startsWith("=");
    const last = isSide ? this.#lastLine(start) : start;
    if (last >= text.length) return 0;
    const message = `a merge was left unfinished here; keep one side, and take away the lines with <<<<<<<, ======= and >>>>>>>`;
    report("TSK_MERGE", start, start + width, message);
    const end = isSide ? lineEnd(text, last) : start + width;
    tokens.add(kind.comment, end);
    return end;
  }

  /** Where the line begins that ends a merge; the length of the text when none does. */
  #lastLine(from: number): number {
    if (this.#end >= from) return this.#end;
    const found = this.#text.indexOf("\n>>>>>>>", from);
    this.#end = found < 0 ? this.#text.length : found + 1;
    return this.#end;
  }
}

/**
 * What is not read of the merge that begins at an offset: its marks, and all sides but the first. Without a mark that ends it,
 * the line of the first one.
 */
export function sidesPassed(text: string, start: number): readonly Span[] {
  const found = text.indexOf("\n>>>>>>>", start);
  const end = lineEnd(text, found < 0 ? start : found + 1);
  const mark = { start, end: lineEnd(text, start) };
  const side = /\n(?:\|{7}|={7}|>{7})(?=[ \t\r\n]|$)/.exec(text.slice(start, end))?.index;
  const isSide = !text.startsWith("<", start);
  if (side === undefined || isSide) return [{ start, end }];
  return [mark, { start: start + side + 1, end }];
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  const end = newline < 0 ? text.length : newline;
  return text.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end;
}
