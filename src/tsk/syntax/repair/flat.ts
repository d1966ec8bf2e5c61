import type { Diagnostic } from "../../diagnostic.ts";
import { isClosing, withoutTexts } from "./layout.ts";
import { type Insertion, isForeign, keyOf, type Rebuilt, withInsertions } from "./rebuild.ts";

/** What is wrong with brackets of a text, and which of its lines cannot be read. */
export interface Torn {
  /** Brackets that close nothing, or are not closed. */
  readonly brackets: readonly Diagnostic[];
  /** Lines, from 0. */
  readonly lost: ReadonlySet<number>;
}

/** A line without texts and comments. */
interface Line {
  readonly start: number;
  readonly text: string;
  readonly signs: string;
}

/**
 * Writes sections anew that have no indentation: a bracket that closes nothing is left out, a line that cannot be read opens or
 * closes what its brackets do, and a block that nothing closes ends before the next one. Undefined where blocks stand in blocks,
 * for nothing shows which of them a bracket belongs to, and for texts over lines.
 *
 * @param sections of each the first and last line behind its header, from 0
 */
export function rebuiltFlat(
  text: string,
  sections: readonly (readonly [number, number])[],
  { brackets, lost }: Torn,
): Rebuilt | undefined {
  let start = 0;
  const lines = text.split("\n").map((one): Line => {
    const line = { start, text: one, signs: signsOf(one) };
    start += one.length + 1;
    return line;
  });
  const written = lines.map((line) => line.text);
  const insertions: Insertion[] = [];
  const [closed, unnamed]: [number[], number[]] = [[], []];
  const closes = (index: number, opened: number, sign: string): void => {
    const { start: at = 0, signs = "" } = lines[index] ?? {};
    insertions.push({ at: at + signs.trimEnd().length, text: `\n${sign}` });
    closed.push(opened);
  };
  for (const { code, line, column } of brackets)
    if (code === "TSK_ORPHAN") written[line - 1] = withoutSign(written[line - 1] ?? "", column - 1);
  for (const [first, last] of sections) {
    let open: { readonly start: number; readonly closing: string } | undefined;
    for (let index = first; index <= last; index++) {
      const line = lines[index];
      if (line === undefined || isForeign(line) || /^\s+\S/.test(line.text)) return undefined;
      const isLost = lost.has(index);
      const signs = isLost ? line.signs : signsOf(written[index] ?? "");
      const [opening, closing] = [openAtEnd(signs), signs.trimStart()[0] ?? ""];
      if (isClosing(closing) && open !== undefined) {
        if (isLost) insertions.push({ at: line.start, text: open.closing });
        open = undefined;
      }
      if (opening !== undefined) {
        if (open !== undefined) closes(index - 1, open.start, open.closing);
        open = { start: line.start, closing: opening === "{" ? "}" : "]" };
        if (isLost) {
          const key = keyOf(line.text);
          insertions.push({ at: line.start, text: `${key ?? `"\\x00${line.start}"`}: ${opening}` });
          if (key === undefined) unnamed.push(line.start);
        }
      }
      if (isLost) written[index] = " ".repeat(line.text.length);
    }
    if (open !== undefined) closes(last, open.start, open.closing);
  }
  return { ...withInsertions(written.join("\n"), insertions), closed, unnamed, dropped: [] };
}

function signsOf(line: string): string {
  return withoutTexts(line).replace(/(?:#|\/\/).*/, (comment) => " ".repeat(comment.length));
}

function withoutSign(line: string, at: number): string {
  return `${line.slice(0, at)} ${line.slice(at + 1)}`;
}

/** The brace or bracket that a line leaves open at its end. */
function openAtEnd(signs: string): string | undefined {
  const last = signs.trimEnd().at(-1);
  return last === "{" || last === "[" ? last : undefined;
}
