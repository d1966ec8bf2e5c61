import type { Span } from "../../source.ts";
import { contradictions, withoutTexts } from "./layout.ts";

/** A line of a text as its layout shows it. */
interface Line extends Span {
  /** Columns before its first sign; -1 for the header of a section, infinite for a line without any. */
  readonly indent: number;
  /** True when it begins with a bracket that closes. */
  readonly closing: boolean;
  /** True when it begins with a sign that nothing begins with. */
  readonly continuing: boolean;
  /** True when it ends with a bracket that opens. */
  readonly opening: boolean;
}

/** Lines of a text that are given up, one by one, and with them the blocks that they are part of. */
export class Lines {
  readonly #text: string;
  readonly #lines: readonly Line[];
  readonly #lost = new Set<number>();
  /** Lines that were probably meant as headers. */
  readonly #headers = new Set<number>();
  /** Where headers end behind which an entry stands. */
  readonly #headEnds = new Map<number, number>();
  /** Lines that may still be looked at to see how they are laid out. */
  #looks = 100_000;

  constructor(text: string) {
    this.#text = text;
    this.#lines = linesOf(text);
  }

  giveUp(indices: readonly number[]): void {
    for (const index of indices) {
      const line = this.#lines[index];
      if (line === undefined) continue;
      this.#lost.add(index);
      const written = this.#text.slice(line.start, line.end);
      if (!looksLikeHeader(written)) continue;
      this.#headers.add(index);
      const head = headBeforeEntry.exec(written);
      if (head !== null) this.#headEnds.set(index, line.start + head[0].length);
    }
  }

  /**
   * Gives up the blocks around what is given up and leaves brackets open, or closes what it did not open.
   *
   * @param sections true gives up whole sections instead
   */
  grow(sections: boolean): void {
    let done = -1;
    for (const [first, last] of this.#runs()) {
      if (last <= done) continue;
      if (this.#headers.has(first)) continue;
      if (sections) done = this.#addSection(first, last);
      else {
        if (!this.#isBalanced(first, last) && !this.#isLaidOut(first, last)) this.#addBlock(first, last);
        this.#addRest(last);
      }
    }
  }

  /** The text with blanks in place of what is given up. */
  left(): string {
    return blanked(this.#text, this.lost());
  }

  /** What is given up, in order. */
  lost(): readonly Span[] {
    return this.#runs().map(([first, last]) => this.#spanOf(first, last));
  }

  /** Lines beside others, whose brackets only they close or open. */
  otherHalves(indices: Iterable<number>): readonly number[] {
    return [...indices].flatMap((index) => {
      if (this.#isBalanced(index, index)) return [];
      const isOther = (at: number): boolean =>
        this.#lines[at] !== undefined &&
        !this.#isBalanced(at, at) &&
        this.#isBalanced(Math.min(at, index), Math.max(at, index));
      return [index - 1, index + 1].filter(isOther);
    });
  }

  /** True for one of some lines, for one right below them, and for one with brackets of others: their mistake may be its own. */
  isTouched(index: number, by: ReadonlySet<number>): boolean {
    return this.isBeside(index, by) || !this.#isBalanced(index, index);
  }

  /** True for one of some lines, and for one right below them. */
  isBeside(index: number, of: ReadonlySet<number>): boolean {
    let above = index - 1;
    while (above > 0 && this.#indent(above) === Number.POSITIVE_INFINITY) above--;
    return of.has(index) || of.has(above);
  }

  /** A line and those below it, up to one that stands no deeper. */
  from(index: number): readonly number[] {
    let last = index + 1;
    while (last + 1 < this.#lines.length && this.#indent(last) > this.#indent(index)) last++;
    return Array.from({ length: last - index + 1 }, (_, count) => index + count);
  }

  /** A line and those above it, down from one that stands no deeper. */
  upTo(index: number): readonly number[] {
    let first = index - 1;
    while (first > 0 && this.#indent(first) > this.#indent(index)) first--;
    return Array.from({ length: index - first + 1 }, (_, count) => first + count);
  }

  /** The text with blanks in place of headers that are given up. */
  withoutHeaders(): string {
    return blanked(
      this.#text,
      [...this.#headers].sort((a, b) => a - b).map((index) => this.#spanOf(index, index)),
    );
  }

  /** First and last lines of the sections in which lines stand, without headers, in order. */
  sectionsAround(indices: Iterable<number>): readonly (readonly [number, number])[] {
    const found = new Map<number, readonly [number, number]>();
    for (const index of indices) {
      if (this.#headers.has(index)) continue;
      const first = this.#sectionStart(index);
      found.set(first, [first, this.#sectionEnd(index)]);
    }
    return [...found.values()].sort(([a], [b]) => a - b);
  }

  /** Sections of which the header is given up, from there on: nobody knows whose keys they hold. */
  sections(): readonly Span[] {
    return [...this.#headers]
      .sort((a, b) => a - b)
      .map((first) => this.#spanOf(first, this.#sectionEnd(first)));
  }

  /** Lines without a gap, first and last; a header stands for itself. */
  #runs(): readonly (readonly [number, number])[] {
    const runs: [number, number][] = [];
    for (const index of [...this.#lost].sort((a, b) => a - b)) {
      const run = runs.at(-1);
      const isApart = this.#headers.has(index) || this.#headers.has(index - 1);
      if (run !== undefined && run[1] === index - 1 && !isApart) run[1] = index;
      else runs.push([index, index]);
    }
    return runs;
  }

  #spanOf(first: number, last: number): Span {
    const end = this.#headEnds.get(last) ?? this.#lines[last]?.end ?? this.#text.length;
    return { start: this.#lines[first]?.start ?? 0, end };
  }

  #addBlock(first: number, last: number): void {
    const top = this.#closesMore(first, last) ? this.#openingOf(first) : first;
    if (top === undefined) {
      this.#addSection(first, last);
      return;
    }
    const indent = this.#indent(top);
    let bottom = last;
    for (let at = last + 1; this.#isInBlock(at, indent); at++)
      if (this.#indent(at) !== Number.POSITIVE_INFINITY) bottom = at;
    // Where what a bracket opens is not indented, nothing shows how far it was meant to go.
    const shown = this.#lines
      .slice(top + 1, bottom + 1)
      .some((line) => line.indent > indent && line.indent !== Number.POSITIVE_INFINITY);
    if (shown || (top === bottom && this.#lines[top]?.opening === false)) this.#add(top, bottom);
    else this.#addSection(top, bottom);
  }

  /** True when some of what is given up leaves brackets open, and is not all that is missing. */
  get isTorn(): boolean {
    return this.#runs().some(
      ([first, last]) =>
        !this.#headers.has(first) && !this.#isBalanced(first, last) && !this.#isLaidOut(first, last),
    );
  }

  /** True when what is given up are whole lines, of which nothing is opened or closed elsewhere. */
  get isWhole(): boolean {
    return this.#headers.size === 0 && this.#runs().every(([first, last]) => this.#isBalanced(first, last));
  }

  /** True when a section lacks nothing but lines that are given up, as its layout shows. */
  #isLaidOut(first: number, last: number): boolean {
    const [start, end] = [this.#sectionStart(first), this.#sectionEnd(last)];
    this.#looks -= end - start;
    if (this.#looks < 0) return false;
    if (this.#lines[last]?.opening === true && this.#indent(last + 1) > this.#indent(last)) return false;
    const lines = this.#lines.slice(start, end + 1).map((line, index) => {
      const isGivenUp = start + index >= first && start + index <= last;
      const written = this.#text.slice(line.start, line.end);
      return isGivenUp && Number.isFinite(line.indent) ? `${" ".repeat(Math.max(0, line.indent))}x` : written;
    });
    return contradictions(lines.join("\n")) === 0;
  }

  /** The line that opens what these close: further left, or as far when they begin with what closes it. */
  #openingOf(first: number): number | undefined {
    const limit = this.#lines[first]?.closing === true ? this.#indent(first) : this.#indent(first) - 1;
    for (let at = first - 1; at >= 0 && this.#indent(at) >= 0; at--)
      if (this.#indent(at) <= limit && this.#lines[at]?.closing === false) return at;
    return undefined;
  }

  /** True for a line further in than the first of a block, and for one that closes it. */
  #isInBlock(index: number, indent: number): boolean {
    const line = this.#lines[index];
    if (line === undefined || this.#indent(index) < 0) return false;
    return line.indent > indent || (line.indent === indent && line.closing);
  }

  /** What begins with an operator goes on with the line before. */
  #addRest(last: number): void {
    let at = last + 1;
    while (this.#lost.has(at)) at++;
    for (; this.#lines[at]?.continuing === true; at++) this.#lost.add(at);
  }

  /** Gives the last line of it. */
  #addSection(first: number, last: number): number {
    const end = this.#sectionEnd(last);
    this.#add(this.#sectionStart(first), end);
    return end;
  }

  /** The first line behind the header. */
  #sectionStart(index: number): number {
    let start = index;
    while (start > 0 && this.#indent(start - 1) >= 0) start--;
    return start;
  }

  /** The last line before the next header. */
  #sectionEnd(index: number): number {
    let end = index;
    while (end + 1 < this.#lines.length && this.#indent(end + 1) >= 0) end++;
    return end;
  }

  #add(first: number, last: number): void {
    for (let index = first; index <= last; index++) this.#lost.add(index);
  }

  #indent(index: number): number {
    return this.#headers.has(index) ? -1 : (this.#lines[index]?.indent ?? 0);
  }

  #isBalanced(first: number, last: number): boolean {
    return this.#brackets(first, last).every(
      ({ open, least }) => least >= 0 && open.every((count) => count === 0),
    );
  }

  #closesMore(first: number, last: number): boolean {
    return this.#brackets(first, last).some(
      ({ open, least }) => least < 0 || open.some((count) => count < 0),
    );
  }

  /** The brackets on lines: those that count, and with those in comments, for the sign of one may be the mistake. */
  #brackets(first: number, last: number): readonly Brackets[] {
    const text = withoutTexts(this.#text.slice(this.#lines[first]?.start, this.#lines[last]?.end));
    return [bracketsOf(text.replace(/(?:#|\/\/).*/g, "")), bracketsOf(text)];
  }
}

interface Brackets {
  /** How many of each kind are left open; less than none when more are closed. */
  readonly open: readonly number[];
  /** The least of all kinds together on the way. */
  readonly least: number;
}

function bracketsOf(text: string): Brackets {
  const open = [0, 0, 0];
  let [depth, least] = [0, 0];
  for (const [sign] of text.matchAll(/[()[\]{}]/g)) {
    const at = "([{)]}".indexOf(sign);
    const step = at < 3 ? 1 : -1;
    open[at % 3] = (open[at % 3] ?? 0) + step;
    depth += step;
    least = Math.min(least, depth);
  }
  return { open, least };
}

/** A text with blanks in place of spans, which may lie in each other: all else stays where it stands. */
export function blanked(text: string, spans: readonly Span[]): string {
  let left = "";
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    left += text.slice(at, from) + text.slice(from, end).replace(/[^\r\n]/g, " ");
    at = end;
  }
  return left + text.slice(at);
}

/** A text with blanks in place of the lines on which places stand. */
export function withoutLines(text: string, places: readonly Span[]): string {
  const lines = new Map<number, Span>();
  for (const { start } of places) {
    const line = text.lastIndexOf("\n", start - 1) + 1;
    const end = text.indexOf("\n", start);
    lines.set(line, { start: line, end: end < 0 ? text.length : end });
  }
  return blanked(
    text,
    [...lines.values()].sort((a, b) => a.start - b.start),
  );
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    lines.push(lineOf(text, start, end));
    start = end + 1;
  }
  return lines;
}

function lineOf(text: string, start: number, end: number): Line {
  let first = start;
  while (first < end && isBlank(text.charCodeAt(first))) first++;
  let last = end;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
  const sign = text[first] ?? "";
  return {
    start,
    end,
    indent: first === end ? Number.POSITIVE_INFINITY : isHeader(text, first, last) ? -1 : first - start,
    continuing: first < end && "?:+*/%=!<>|&.".includes(sign) && !text.startsWith("//", first),
    closing: first < end && "}])<".includes(sign),
    opening: last > first && "{[(>".includes(text[last - 1] ?? ""),
  };
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

/** `[name.name]`, with a comment perhaps. Deeper in, where a list may stand, it is no header. */
function isHeader(text: string, first: number, last: number): boolean {
  if (text[first] !== "[" || (first > 0 && text[first - 1] !== "\n")) return false;
  // Behind a key without a value it is that value.
  if (/[:=,]\s*$/.test(text.slice(Math.max(0, first - 20), first))) return false;
  return /^\[\s*[\p{L}_"'][^[\]{}]*\]\s*(?:#.*|\/\/.*)?$/u.test(
    text.slice(first, Math.min(last, first + longest)),
  );
}

/** A whole header, when an entry follows it on its line. */
const headBeforeEntry =
  /^\[[\p{L}_][\p{L}\d_.-]*\](?=[ \t]*(?:[\p{L}_$][\p{L}\d_$.-]*|"[^"\n]{1,100}")[ \t]*[:={])/u;

/** How much of a line is looked at to know a header. */
const longest = 500;

/**
 * True for a line that was probably meant as the header of a section: it begins or ends as one, or has one of its brackets
 * and no key.
 */
function looksLikeHeader(line: string): boolean {
  const start = line.slice(0, longest);
  // Closed, whatever stands in it, or with no key in it.
  if (/^[^\s\p{L}[\])}]*\[(?:(?:[^\]:=]*|[^\]\s"']*)\]|[^\]:=]*[:=]?\s*$)/u.test(start)) return true;
  const written = start.replace(/\s*(?:#|\/\/).*$/, "");
  // Begun and ended as one.
  const whole = start.replace(/\]\s*(?:#|\/\/).*$/, "]").trimEnd();
  if (/^\[.*\]$/.test(whole) && !/^\[[^:={]*,[^:={]*\]$/.test(whole)) return true;
  if (/^[^\p{L}[]*[\p{L}_][\p{L}\d_.-]*\]$/u.test(written)) return true;
  if ([written, whole].some((one) => /[^\s:=,[]\s*\[+[\p{L}_][\p{L}\d_.-]*\]$/u.test(one))) return true;
  if (/[:=][^{]*[:=]\s*\[[\p{L}_][\p{L}\d_.-]*\]$/u.test(written)) return true;
  return /^[^\s{}:=,][^{}:=,]*\p{L}[^{}:=,]*$/u.test(written) && /[[\]]/.test(written);
}
