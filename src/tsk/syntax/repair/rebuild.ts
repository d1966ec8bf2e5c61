import { limits } from "../limits.ts";
import { writtenFlat } from "./flat.ts";
import { isClosing } from "./layout.ts";
import {
  blank,
  endOf,
  type Insertion,
  isForeign,
  keyOf,
  type Line,
  linesOf,
  type Rebuilt,
  type Torn,
  type Written,
  withInsertions,
} from "./written.ts";

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

/**
 * Writes sections anew by their layout: lines that are lost are blank, unless others stand deeper below them; brackets are closed
 * where the indentation says, and those that it contradicts are left out. Undefined where nothing says what was meant: in texts over
 * lines, in the style of older dialects, and in a section without indentation in which blocks stand in blocks.
 *
 * @param sections of each the first and last line behind its header, from 0
 */
export function rebuilt(
  text: string,
  sections: readonly (readonly [number, number])[],
  torn: Torn,
): Rebuilt | undefined {
  const lines = linesOf(text, torn);
  const texts = lines.map((line) => line.text);
  const all: Written[] = [];
  for (const [first, last] of sections) {
    const section = lines.slice(first, last + 1);
    const isFlat = section.every((one) => one.lost || one.indent <= 0);
    // Where more is wrong than is told, nobody knows which brackets.
    if (isFlat && torn.brackets.length + torn.lost.size >= limits.diagnostics) return undefined;
    const written = isFlat ? writtenFlat(section) : new Section(section).written();
    if (written === undefined) return undefined;
    for (const [index, line] of written.lines.entries()) texts[first + index] = line;
    all.push(written);
  }
  const of = <T>(part: (one: Written) => readonly T[]): readonly T[] => all.flatMap(part);
  return {
    ...withInsertions(
      texts.join("\n"),
      of((one) => one.insertions),
    ),
    closed: of((one) => one.closed),
    unnamed: of((one) => one.unnamed),
    dropped: of((one) => one.dropped),
  };
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
    if (this.#lines.some((line) => !line.lost && isForeign(line))) return undefined;
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
      const name = keyOf(line.text);
      const key = `${name ?? `"\\x00${line.start}"`}: `;
      const isElement = this.#level.closing.endsWith("]");
      if (name === undefined && !isElement) this.#unnamed.push(line.start);
      this.#insertions.push({
        at: line.start,
        text: `${isElement ? "" : key}${closing === "]" ? "[" : "{"}`,
      });
      this.#levels.push({ ...outside, indent: line.indent, opened: line.start, closing });
    }
    return blank(line.text);
  }
}

/** True for an entry with its value, or the end of one, which those that stand deeper below are no part of. */
function isWhole({ signs }: Line, next: Line): boolean {
  const [written, below] = [signs.trim(), next.signs.trim()];
  const isEntry = /[:=]\s*[^\s:=]/.test(written) && /[\p{L}\d"'\]}]$/u.test(written);
  return (isEntry || /^\},?$/.test(written)) && /^[\p{L}"']/u.test(below);
}

const outside: Level = { indent: -1, inside: undefined, first: undefined, opened: 0, closing: "" };

const closingOf: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
