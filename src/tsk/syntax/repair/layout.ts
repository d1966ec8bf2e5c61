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
 */
export function contradictions(text: string): number {
  const open: Level[] = [{ indent: -1, inside: undefined }];
  let count = 0;
  for (const written of text.split("\n")) {
    const line = withoutTexts(written)
      .replace(/(?:#|\/\/).*/, "")
      .trimEnd();
    const indent = line.length - line.trimStart().length;
    const first = line[indent] ?? "";
    const level = open.at(-1);
    if (first === "" || level === undefined) continue;
    const isHeader = indent === 0 && first === "[" && open.length === 1;
    if (isClosing(first)) count += indent === level.indent ? 0 : 1;
    else if (!isHeader) {
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

function isClosing(sign: string): boolean {
  return sign === "}" || sign === "]" || sign === ")";
}

/** True for a text in which no line stands deeper than the first one: nothing shows what belongs together. */
export function isFlat(text: string): boolean {
  return !/\n[ \t]+[^\s]/.test(text);
}

/** A line without what stands in quotes, as far as it shows them. */
export function withoutTexts(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, '""');
}
