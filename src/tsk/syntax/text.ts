import { withLineFeeds } from "../source.ts";
import type { Cursor } from "./cursor.ts";
import { kind } from "./token.ts";

/** The text of a whole string token, quotes taken off and escapes read. Problems are reported at their place. */
export function stringText(cursor: Cursor, tokenKind: number, start: number, end: number): string {
  switch (tokenKind) {
    case kind.string:
      return unescaped(cursor, cursor.slice(start + 1, end - 1), start + 1);
    case kind.raw:
      return cursor.text.slice(start + 1, end - 1).replace(/\\(['\\])/g, "$1");
    case kind.rawBlock:
      return blockTexts(cursor, [{ text: cursor.text.slice(start + 3, end - 3), start: start + 3 }]).join("");
    default:
      return blockTexts(cursor, [{ text: cursor.text.slice(start + 3, end - 3), start: start + 3 }])
        .map((text) => unescaped(cursor, text, start + 3))
        .join("");
  }
}

/** A stretch of a string between its quotes and interpolations, as written. */
export interface Segment {
  readonly text: string;
  readonly start: number;
}

/** The texts of a template's segments. */
export function segmentTexts(cursor: Cursor, segments: readonly Segment[], block: boolean): string[] {
  if (!block) return segments.map(({ text, start }) => unescaped(cursor, text, start));
  return blockTexts(cursor, segments).map((text, index) =>
    unescaped(cursor, text, segments[index]?.start ?? 0),
  );
}

/**
 * A string in three quotes: the line end after the opening and before the closing quotes do not count, and the
 * indentation of the closing line is taken off every line. Line ends become LF.
 */
function blockTexts(cursor: Cursor, segments: readonly Segment[]): string[] {
  const last = segments.at(-1)?.text ?? "";
  const closing = /(?:^|\n)([ \t]*)$/.exec(last);
  const onOwnLine = closing !== null && (last.includes("\n") || segments.length === 1);
  const indent = onOwnLine ? (closing[1] ?? "") : "";
  return segments.map((segment, index) => {
    let text = withLineFeeds(segment.text);
    if (indent !== "") text = undent(cursor, segment, text, indent);
    if (index === segments.length - 1 && onOwnLine && text.includes("\n"))
      text = text.replace(/\n[ \t]*$/, "");
    // A lone line end between the quotes is empty text, not twice the same line end.
    if (index === 0) text = text.replace(/^[ \t]*\n/, "");
    return text;
  });
}

function undent(cursor: Cursor, segment: Segment, text: string, indent: string): string {
  const lines = text.split("\n");
  let offset = segment.start;
  return lines
    .map((line, index) => {
      const at = offset;
      offset = nextLine(cursor.text, offset);
      if (index === 0) return line;
      if (line.startsWith(indent)) return line.slice(indent.length);
      if (line.trim() === "") return "";
      const message = "this line is indented less than the closing quotes";
      cursor.report("TSK_INDENT", { start: at, end: at + 1 }, message);
      return line.trimStart();
    })
    .join("\n");
}

function nextLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at + 1;
}

const plainEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  "0": "\0",
  "/": "/",
  "\\": "\\",
  '"': '"',
  "'": "'",
  $: "$",
};
const escapes = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|([\s\S]?))/g;

function unescaped(cursor: Cursor, text: string, start: number): string {
  if (!text.includes("\\")) return text;
  return text.replace(escapes, (whole, byte, unit, point, one, offset: number) => {
    const hex: string | undefined = byte ?? unit ?? point;
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      if (code <= 0x10ffff)
        return unit === undefined ? String.fromCodePoint(code) : String.fromCharCode(code);
    }
    const plain = plainEscapes[one];
    if (plain !== undefined) return plain;
    // In a string of several lines offsets after the first line are those of the indented text.
    const at = Math.max(start, cursor.text.indexOf(whole, start + offset));
    cursor.report("TSK_ESCAPE", { start: at, end: at + whole.length }, badEscape(whole));
    return "";
  });
}

function badEscape(whole: string): string {
  const shown = whole.length > 1 && whole.trim().length > 1 ? whole : "\\ at the end of a line";
  return `${shown} is no escape; a backslash itself is written \\\\`;
}
