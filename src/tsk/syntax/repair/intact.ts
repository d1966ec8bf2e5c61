import { Source, type Span } from "../../source.ts";
import { reparse } from "../again/reparse.ts";
import { isRefused, isSound } from "../parse.ts";
import type { Item, Tree, Value } from "../tree.ts";
import { Lines } from "./lines.ts";

/** What is left of a text without the lines that cannot be read and what may have moved with them. */
export interface Intact {
  /** Its items, which stand where they stood. */
  readonly items: readonly Item[];
  /** The lines that were given up, in order. */
  readonly lost: readonly Span[];
}

/** Times that what is left is looked at; the last but one gives up whole sections, the last all. */
const rounds = 4;

/**
 * The part of a text that no mistake of its syntax has touched; undefined when nothing is wrong. First the lines of the
 * mistakes are given up; where brackets on them do not close, the block that the layout of the text shows, for the lines
 * below may belong to another map than they seem to; then sections, at last all.
 */
export function intact(tree: Tree): Intact | undefined {
  if (!isWrong(tree)) return undefined;
  const { text, file, layer } = tree.source;
  if (isRefused(tree)) return { items: [], lost: [{ start: 0, end: text.length }] };
  const lines = new Lines(text);
  let now = tree;
  for (let round = 1; round < rounds; round++) {
    for (const { severity, code, line } of now.diagnostics) {
      if (severity !== "error") continue;
      lines.giveUp(line - 1);
      // A string that a line end has cut goes on below.
      if (code === "TSK_STRING_OPEN" && joinedLines(tree.source, line) !== undefined) lines.giveUp(line);
    }
    lines.grow(round === rounds - 1);
    now = reparse(tree, new Source(file, lines.left(), layer));
    if (!isWrong(now)) return { items: now.items, lost: lines.lost() };
  }
  return { items: [], lost: [{ start: 0, end: text.length }] };
}

/** A line (from 1) and the next one as one, when they make sense so. */
export function joinedLines(source: Source, line: number): string | undefined {
  if (line < 1) return undefined;
  const first = source.line(line);
  const text = `${first}${source.line(line + 1).trimStart()}`;
  if (/[:=]\s*$/.test(first)) return text;
  return isSound(new Source(source.file, `${source.compat ? "" : "#!tusker 1\n"}${text}${closingOf(text)}`))
    ? text
    : undefined;
}

/** What closes the bracket that a line ends with. */
function closingOf(line: string): string {
  const opened = line.trimEnd().at(-1) ?? "";
  return opened === "{" ? "}" : opened === "[" ? "]" : "";
}

function isWrong({ diagnostics }: Tree): boolean {
  return diagnostics.some((one) => one.severity === "error");
}

/** The path of the map, or of the value, in which an offset of a text stands. */
export function pathAt(items: readonly Item[], offset: number): readonly string[] {
  return placeAt(items, offset).path;
}

/** The same, and where that value ends; at the offset in a map. */
export function placeAt(items: readonly Item[], offset: number): Place {
  let section: readonly string[] = [];
  for (const item of items) {
    if (item.start > offset) break;
    if (item.kind === "section") section = item.path.map((key) => key.name);
    else if (item.kind === "entry" && offset < item.end) {
      const { path, end } = placeIn(item.value, offset);
      return { path: [...section, ...item.path.map((key) => key.name), ...path], end };
    }
  }
  return { path: section, end: offset };
}

interface Place {
  readonly path: readonly string[];
  readonly end: number;
}

function placeIn(value: Value, offset: number): Place {
  if (value.kind === "object" && offset > value.start) return placeAt(value.items, offset);
  const whole: Place = { path: [], end: value.end };
  if (value.kind !== "array") return whole;
  const index = value.elements.findIndex((one) => one.start <= offset && offset < one.end);
  const element = value.elements[index];
  if (element === undefined) return whole;
  const { path, end } = placeIn(element, offset);
  return { path: [String(index), ...path], end };
}
