import type { Diagnostic } from "../../diagnostic.ts";

/** Brackets that are open. */
interface Level {
  /** Columns before the line that opens them; -1 for the file itself. */
  readonly indent: number;
  /** Columns before the lines between them; undefined before the first. */
  inside: number | undefined;
}

/**
 * How often the layout of a text says otherwise than its brackets: what stands between brackets stands deeper, all as deep, and
 * what closes them as deep as what opens them. 0 for a text that is laid out as the formatter does.
 *
 * @param any a line, from 0, that may stand as deep as it likes
 */
export function contradictions(text: string, any = -1): number {
  const lines = text.split("\n").map((line) =>
    withoutTexts(line)
      .replace(/(?:#|\/\/).*/, "")
      .trimEnd(),
  );
  const entries = lines.filter((line) => /^(?!\[)[ \t]*[^\s)\]}]/.test(line));
  const outermost = Math.min(...entries.map((line) => line.length - line.trimStart().length));
  const open: Level[] = [{ indent: -1, inside: Number.isFinite(outermost) ? outermost : undefined }];
  let count = 0;
  for (const [index, line] of lines.entries()) {
    const indent = line.length - line.trimStart().length;
    const first = line[indent] ?? "";
    const level = open.at(-1);
    if (first === "" || level === undefined) continue;
    const isAny = index === any;
    const isHeader = indent === 0 && first === "[" && open.length === 1;
    // What closes nothing counts below.
    if (isClosing(first)) count += isAny || indent === level.indent || open.length === 1 ? 0 : 1;
    else if (!isHeader && !isAny) {
      level.inside ??= indent;
      if (indent !== level.inside || indent <= level.indent) count++;
    }
    for (const [sign] of line.matchAll(/[()[\]{}]/g)) {
      if (!isClosing(sign)) open.push({ indent, inside: undefined });
      else if (open.length > 1) open.pop();
      else count++;
    }
  }
  return count + open.length - 1;
}

/**
 * True when the layout of a text says that an edit of brackets is no repair: it leaves more that contradicts than the text has as
 * it is, or than is left when what is wrong stands on no line at all.
 *
 * @param least contradictions of the text without the lines of its problems
 * @param any a line, from 0, that may stand as deep as it likes
 */
export function contradicts(edited: string, text: string, least: number, any?: number): boolean {
  const left = contradictions(edited, any);
  return left > 0 && (left > least || left >= contradictions(text));
}

export function isClosing(sign: string): boolean {
  return sign === "}" || sign === "]" || sign === ")";
}

/** True for a problem of a bracket, of which the place says little: the layout knows better. */
export function isOfBracket({ code }: Pick<Diagnostic, "code">): boolean {
  return code === "TSK_UNCLOSED" || code === "TSK_ORPHAN";
}

/** True for a line whose brackets pair, but for one that opens at its end or closes at its beginning. */
export function isEven(line: string): boolean {
  const signs = withoutTexts(line)
    .replace(/(?:#|\/\/).*/, "")
    .trim();
  const open = [...signs].reduce(
    (sum, sign) => sum + ("([{".includes(sign) ? 1 : isClosing(sign) ? -1 : 0),
    0,
  );
  return open === 0 || (open > 0 ? /[([{]$/.test(signs) : /^[)\]}]/.test(signs));
}

/** True for a text in which no line stands deeper than the first one: nothing shows what belongs together. */
export function isFlat(text: string): boolean {
  return !/\n[ \t]+[^\s]/.test(text);
}

/** A line without what stands in quotes, as far as it shows them; as wide as it was. */
export function withoutTexts(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, (one) => `"${"_".repeat(one.length - 2)}"`);
}
