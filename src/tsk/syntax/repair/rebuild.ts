import { isClosing, withoutTexts } from "./layout.ts";

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

/** Names that no file can have: of a block whose line cannot be read. */
export const namelessPrefix = "\0";

/** What is put into a text, by the offset at which. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** A bracket that is open over lines. */
interface Level {
  /** Columns before the line that opens it; -1 for the section itself. */
  readonly indent: number;
  /** Columns before the lines in it, and where the first begins; undefined before that. */
  inside: number | undefined;
  first: number | undefined;
  /** Where the line begins that opens it. */
  readonly opened: number;
  readonly closing: string;
}

/** A line of a section. */
interface Line {
  readonly start: number;
  readonly text: string;
  /** Without texts and comments, as wide. */
  readonly signs: string;
  readonly indent: number;
  readonly lost: boolean;
}

/**
 * Writes sections anew by their layout: lines that are lost are blank, unless others stand deeper below them; brackets are closed
 * where the indentation says, and those that it contradicts are left out. Undefined where it says nothing: in a section without
 * indentation, with texts over lines, or in the style of older dialects.
 *
 * @param sections of each the first and last line behind its header, from 0
 * @param lost lines that cannot be read
 */
export function rebuilt(
  text: string,
  sections: readonly (readonly [number, number])[],
  lost: ReadonlySet<number>,
): Rebuilt | undefined {
  const lines = text.split("\n");
  const insertions: Insertion[] = [];
  const closed: number[] = [];
  const unnamed: number[] = [];
  const dropped: number[] = [];
  const starts: number[] = [];
  let at = 0;
  for (const line of lines) {
    starts.push(at);
    at += line.length + 1;
  }
  for (const [first, last] of sections) {
    const section = lines.slice(first, last + 1).map((line, index): Line => {
      const signs = withoutTexts(line).replace(/(?:#|\/\/).*/, (comment) => " ".repeat(comment.length));
      const indent = signs.trim() === "" ? -1 : signs.length - signs.trimStart().length;
      return { start: starts[first + index] ?? 0, text: line, signs, indent, lost: lost.has(first + index) };
    });
    const written = new Section(section).written();
    if (written === undefined) return undefined;
    insertions.push(...written.insertions);
    closed.push(...written.closed);
    unnamed.push(...written.unnamed);
    dropped.push(...written.dropped);
    for (const [index, line] of written.lines.entries()) lines[first + index] = line;
  }
  return { ...withInsertions(lines.join("\n"), insertions), closed, unnamed, dropped };
}

interface Written {
  readonly lines: readonly string[];
  readonly insertions: readonly Insertion[];
  readonly closed: readonly number[];
  /** Where blocks begin that lack the line which opens them. */
  readonly unnamed: readonly number[];
  readonly dropped: readonly number[];
}

/** One section on its way from the first line to the last. */
class Section {
  readonly #lines: readonly Line[];
  readonly #levels: Level[] = [{ ...outside }];
  readonly #insertions: Insertion[] = [];
  readonly #closed: number[] = [];
  readonly #unnamed: number[] = [];
  readonly #dropped: number[] = [];
  /** The last line with something on it. */
  #before: Line | undefined;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  written(): Written | undefined {
    const isFlat = this.#lines.every((one) => one.indent <= 0);
    if (isFlat || this.#lines.some((line) => !line.lost && isForeign(line))) return undefined;
    const lines: string[] = [];
    for (const [index, line] of this.#lines.entries()) {
      if (line.indent < 0) lines.push(line.lost ? blank(line.text) : line.text);
      else {
        const written = isClosing(line.signs[line.indent] ?? "") ? this.#closes(line) : this.#stands(line);
        if (!written) return undefined;
        lines.push(this.#content(line, index));
        this.#before = line;
      }
    }
    // What breaks off says nothing of its last line either.
    if (this.#levels.length > 1 && this.#before !== undefined) this.#closed.push(this.#before.start);
    while (this.#levels.length > 1) this.#close();
    return {
      ...{ lines, insertions: this.#insertions, closed: this.#closed },
      ...{ unnamed: this.#unnamed, dropped: this.#dropped },
    };
  }

  get #level(): Level {
    return this.#levels.at(-1) ?? { ...outside };
  }

  /** Closes the level where the last line ends. */
  #close(): void {
    const level = this.#levels.pop();
    const end = this.#before === undefined ? 0 : endOf(this.#before);
    this.#insertions.push({ at: end, text: `\n${level?.closing ?? ""}` });
    this.#closed.push(level?.opened ?? end);
  }

  /** A line that begins with a bracket that closes: levels that should have ended before it do. */
  #closes(line: Line): boolean {
    while (this.#levels.length > 1 && this.#level.indent > line.indent) this.#close();
    const { indent, inside, first, closing } = this.#level;
    if (inside === undefined || first === undefined || line.indent <= indent || line.indent >= inside)
      return true;
    // The line that opens what this closes is missing.
    const sign = line.signs[line.indent] ?? "";
    const isRoot = sign === "}" && this.#isRoot(line, first);
    const key = closing.endsWith("]") || isRoot ? "" : `"\\x00${first}": `;
    this.#insertions.push({ at: first, text: `${key}${sign === "]" ? "[" : "{"}\n` });
    if (!isRoot) this.#unnamed.push(first);
    this.#level.inside = line.indent;
    this.#levels.push({ indent: line.indent, inside, first, opened: first, closing: sign });
    return true;
  }

  /** True for the last line of a document of JSON, of which all else stands deeper: what opens it has no key. */
  #isRoot(line: Line, first: number): boolean {
    if (this.#levels.length > 1 || this.#lines[0]?.start !== 0) return false;
    const lines = this.#lines.filter(({ indent }) => indent >= 0);
    return lines[0]?.start === first && lines.at(-1) === line && lines[0].text.trimStart().startsWith('"');
  }

  /** Any other line: what it does not stand in has ended, what it stands in has begun. */
  #stands({ indent, start }: Line): boolean {
    while (this.#levels.length > 1 && indent < (this.#level.inside ?? this.#level.indent + 1)) this.#close();
    this.#level.inside ??= indent;
    this.#level.first ??= start;
    if (indent === this.#level.inside) return true;
    if (indent < this.#level.inside || this.#before === undefined) return false;
    // The line before lacks what opens this.
    const before = this.#before;
    if (!/[:=]\s*$/.test(before.signs.trimEnd())) return false;
    this.#insertions.push({ at: endOf(before), text: " {" });
    this.#levels.push({
      indent: before.indent,
      inside: indent,
      first: start,
      opened: before.start,
      closing: "}",
    });
    return true;
  }

  /** What is left of a line, and the levels that it opens and closes. */
  #content(line: Line, index: number): string {
    const next = this.#below(index, Number.POSITIVE_INFINITY);
    const isDeeper = next !== undefined && next.indent > line.indent;
    if (line.lost) return this.#lostLine(line, index, isDeeper);
    const { kept, open } = this.#brackets(line);
    if (open.length === 0) {
      if (!isDeeper || !isWhole(line, next)) return kept;
      if (/(?:\{\s*\}|\[\s*\])$/.test(line.signs.trimEnd())) return this.#lostLine(line, index, isDeeper);
      this.#openUnnamed(line, next, this.#closingBelow(line, index));
      return kept;
    }
    const closing = open.toReversed().join("");
    if (isDeeper) this.#levels.push({ ...outside, indent: line.indent, opened: line.start, closing });
    else {
      this.#insertions.push({ at: endOf(line), text: closing });
      this.#closed.push(line.start);
    }
    return kept;
  }

  /** A line without the brackets that close nothing, and what closes those that it leaves open. */
  #brackets(line: Line): { readonly kept: string; readonly open: readonly string[] } {
    const open: string[] = [];
    let kept = line.text;
    for (const { 0: sign, index } of line.signs.matchAll(/[()[\]{}]/g)) {
      const { closing, indent } = this.#level;
      if (!isClosing(sign)) open.push(closingOf[sign] ?? "");
      else if (open.at(-1) === sign) open.pop();
      else if (open.length === 0 && closing.startsWith(sign) && indent === line.indent) this.#closeOne();
      else {
        kept = `${kept.slice(0, index)} ${kept.slice(index + 1)}`;
        this.#dropped.push(line.start + index);
      }
    }
    return { kept, open };
  }

  /** Closes the last bracket of the level. */
  #closeOne(): void {
    const { closing, indent, opened } = this.#level;
    this.#levels.pop();
    if (closing.length > 1) this.#levels.push({ ...outside, indent, opened, closing: closing.slice(1) });
  }

  /** What stands deeper below a line that opens nothing: the line that opens it is missing. */
  #openUnnamed({ indent }: Line, { start }: Line, closing: string): void {
    this.#insertions.push({ at: start, text: `"\\x00${start}": ${closing === "]" ? "[" : "{"}\n` });
    this.#unnamed.push(start);
    this.#levels.push({ ...outside, indent, opened: start, closing });
  }

  /** The next line with something on it that stands no deeper. */
  #below(index: number, indent: number): Line | undefined {
    for (let at = index + 1; at < this.#lines.length; at++) {
      const line = this.#lines[at];
      if (line !== undefined && line.indent >= 0 && line.indent <= indent) return line;
    }
    return undefined;
  }

  /** What closes the lines below that stand deeper. */
  #closingBelow({ indent }: Line, index: number): string {
    const end = this.#below(index, indent);
    return end?.signs[end.indent] === "]" ? "]" : "}";
  }

  /** A line that cannot be read: blank, or the name of what stands deeper below it. */
  #lostLine(line: Line, index: number, isDeeper: boolean): string {
    const isClosed = isClosing(line.signs[line.indent] ?? "") && this.#level.indent === line.indent;
    if (isClosed && this.#levels.length > 1) {
      const level = this.#levels.pop();
      this.#insertions.push({ at: line.start, text: level?.closing ?? "" });
    }
    if (isDeeper) {
      const closing = this.#closingBelow(line, index);
      const key = `${keyOf(line.text) ?? `"\\x00${line.start}"`}: `;
      const isElement = this.#level.closing.endsWith("]");
      this.#insertions.push({
        at: line.start,
        text: `${isElement ? "" : key}${closing === "]" ? "[" : "{"}`,
      });
      this.#levels.push({ ...outside, indent: line.indent, opened: line.start, closing });
    }
    return blank(line.text);
  }
}

/** True for an entry with its value, which those that stand deeper below are no part of. */
function isWhole({ signs }: Line, next: Line): boolean {
  const [written, below] = [signs.trim(), next.signs.trim()];
  return /[:=]\s*[^\s:=]/.test(written) && /[\p{L}\d"'\]}]$/u.test(written) && /^[\p{L}"']/u.test(below);
}

/** True for a line of which the indentation says nothing: part of a text or comment over lines, or of a list of older dialects. */
export function isForeign({ text, signs }: Pick<Line, "text" | "signs">): boolean {
  return /"""|'''|<<|\|\s*$/.test(text) || /\/\*|\*\/|^\s*- /.test(signs);
}

const outside: Level = { indent: -1, inside: undefined, first: undefined, opened: 0, closing: "" };

const closingOf: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

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

function blank(line: string): string {
  return line.replace(/[^\r]/g, " ");
}

/** Behind the last sign of a line that is no comment. */
function endOf({ start, signs }: Line): number {
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
