import type { Diagnostic } from "../../diagnostic.ts";
import { withoutTexts } from "./layout.ts";

/** Names that no file can have: of a block whose line cannot be read. */
export const namelessPrefix = "\0";

/** A text written anew, and where each of its offsets stands in the old one. */
export interface Rebuilt {
  readonly text: string;
  readonly from: (offset: number) => number;
  /** Offsets at which blocks were closed that nothing closes, and of the lines that open them. */
  readonly closed: readonly number[];
  /** Where blocks begin that lack the line which opens them. */
  readonly unnamed: readonly number[];
  /** Where brackets were left out that close nothing. */
  readonly dropped: readonly number[];
}

/** What is put into a text, by the offset at which. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** A line of a section. */
export interface Line {
  readonly start: number;
  readonly text: string;
  /** Without texts and comments, as wide. */
  readonly signs: string;
  /** Columns before its first sign; -1 for a line without any. */
  readonly indent: number;
  /** True for one that cannot be read. */
  readonly lost: boolean;
  /** What is told of its brackets. */
  readonly brackets: readonly Diagnostic[];
}

/** What is wrong with a text. */
export interface Torn {
  /** Brackets that close nothing, or are not closed. */
  readonly brackets: readonly Diagnostic[];
  /** Lines that cannot be read, from 0. */
  readonly lost: ReadonlySet<number>;
}

/** The lines of a text, each with what is wrong with it. */
export function linesOf(text: string, { brackets, lost }: Torn): readonly Line[] {
  const told = Map.groupBy(brackets, (one) => one.line - 1);
  let start = 0;
  return text.split("\n").map((line, index): Line => {
    const signs = signsOf(line);
    const indent = signs.trim() === "" ? -1 : signs.length - signs.trimStart().length;
    const own = { start, text: line, signs, indent, lost: lost.has(index), brackets: told.get(index) ?? [] };
    start += line.length + 1;
    return own;
  });
}

/** A line without what stands in quotes and comments; as wide as it was. */
export function signsOf(line: string): string {
  return withoutTexts(line).replace(/(?:#|\/\/).*/, (comment) => " ".repeat(comment.length));
}

/** A section written anew. */
export interface Written {
  readonly lines: readonly string[];
  readonly insertions: readonly Insertion[];
  readonly closed: readonly number[];
  /** Where blocks begin that lack the line which opens them. */
  readonly unnamed: readonly number[];
  readonly dropped: readonly number[];
}

/** True for a line of which the indentation says nothing: part of a text or comment over lines, or of a list of older dialects. */
export function isForeign({ text, signs }: Line): boolean {
  return /"""|'''|<<|\|\s*$/.test(text) || /\/\*|\*\/|^\s*- /.test(signs);
}

/** The key at the beginning of a line that cannot be read, or what is left of one, unless a second one may be what opens. */
export function keyOf(line: string): string | undefined {
  const found = /^\s*("[^"\\\n]*"|'[^'\\\n]*'|[\p{L}_][\p{L}\d_-]*)\s*[:={](.*)$/u.exec(line);
  if (/[\p{L}\d"']\s*[:=]/u.test(found?.[2] ?? "")) return undefined;
  return (
    found?.[1] ??
    /^[^\p{L}\d_/"']*["']?([\p{L}_/][\p{L}\d_/*-]+)["']?[^\p{L}\d]*$/u
      .exec(line)?.[1]
      ?.replace(/^.*$/, '"$&"')
  );
}

/** As many blanks. */
export function blank(line: string): string {
  return line.replace(/[^\r]/g, " ");
}

/** Behind the last sign of a line that is no comment. */
export function endOf({ start, signs }: Line): number {
  return start + signs.trimEnd().length;
}

/** A text with others put into it. */
export function withInsertions(
  text: string,
  insertions: readonly Insertion[],
): Pick<Rebuilt, "text" | "from"> {
  const sorted = insertions.toSorted((a, b) => a.at - b.at);
  const ends: number[] = [];
  const shifts: number[] = [];
  let out = "";
  let at = 0;
  for (const one of sorted) {
    out += text.slice(at, one.at) + one.text;
    at = one.at;
    ends.push(out.length);
    shifts.push(out.length - at);
  }
  const from = (offset: number): number => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    // What was put in stands where it was put.
    const next = sorted[low]?.at ?? Number.POSITIVE_INFINITY;
    return Math.min(offset - (shifts[low - 1] ?? 0), next);
  };
  return { text: out + text.slice(at), from };
}
