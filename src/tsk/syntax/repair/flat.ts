import { isClosing } from "./layout.ts";
import {
  blank,
  endOf,
  type Insertion,
  isForeign,
  keyOf,
  type Line,
  signsOf,
  type Written,
} from "./written.ts";

/** A block that is open. */
interface Block {
  /** Where its line begins. */
  readonly start: number;
  readonly closing: string;
}

/**
 * Writes a section anew that has no indentation: a bracket that closes nothing is left out, a line that cannot be read opens or
 * closes what its brackets do, and a block that nothing closes ends before the next one. Undefined where nothing shows which block
 * a bracket belongs to, and for texts over lines.
 */
export function writtenFlat(lines: readonly Line[]): Written | undefined {
  const insertions: Insertion[] = [];
  const [closed, unnamed, dropped]: [number[], number[], number[]] = [[], [], []];
  const written: string[] = [];
  let open: Block | undefined;
  let before: Line | undefined;
  const closeBefore = (): void => {
    if (open === undefined || before === undefined) return;
    insertions.push({ at: endOf(before), text: `\n${open.closing}` });
    closed.push(open.start);
    open = undefined;
  };
  for (const line of lines) {
    if (!line.lost && isForeign(line)) return undefined;
    const text = line.lost ? line.text : withoutOrphans(line);
    const signs = line.lost ? line.signs : signsOf(text);
    const opening = openAtEnd(signs);
    if (isClosing(signs.trimStart()[0] ?? "") && open !== undefined) {
      if (line.lost) insertions.push({ at: line.start, text: open.closing });
      open = undefined;
    }
    if (opening !== undefined) {
      // What stands in a block may be one of its own.
      if (open !== undefined && !isTold(lines, open)) return undefined;
      closeBefore();
      open = { start: line.start, closing: opening === "{" ? "}" : "]" };
      const key = keyOf(line.text);
      if (line.lost) {
        insertions.push({ at: line.start, text: `${key ?? `"\\x00${line.start}"`}: ${opening}` });
        if (key === undefined) unnamed.push(line.start);
      }
    } else if (!line.lost && line.brackets.some(({ code }) => code === "TSK_UNCLOSED")) {
      const missing = unclosedIn(signs);
      insertions.push({ at: endOf(line), text: missing });
      closed.push(line.start);
    }
    written.push(line.lost ? blank(line.text) : text);
    if (line.indent >= 0) before = line;
  }
  closeBefore();
  return { lines: written, insertions, closed, unnamed, dropped };
}

/** True for a block of which is told that nothing closes it, or of which the line cannot be read. */
function isTold(lines: readonly Line[], { start }: Block): boolean {
  return lines.some((line) => line.start === start && (line.lost || line.brackets.length > 0));
}

/** A line without its brackets that close nothing. */
function withoutOrphans({ text, brackets }: Line): string {
  return brackets
    .filter(({ code }) => code === "TSK_ORPHAN")
    .reduce((left, { column }) => `${left.slice(0, column - 1)} ${left.slice(column)}`, text);
}

/** The brace or bracket that a line leaves open at its end. */
function openAtEnd(signs: string): string | undefined {
  const last = signs.trimEnd().at(-1);
  return last === "{" || last === "[" ? last : undefined;
}

const closings: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** What closes all that a line leaves open. */
function unclosedIn(signs: string): string {
  const open: string[] = [];
  for (const [sign] of signs.matchAll(/[()[\]{}]/g)) {
    if (!isClosing(sign)) open.push(closings[sign] ?? "");
    else if (open.at(-1) === sign) open.pop();
  }
  return open.toReversed().join("");
}
