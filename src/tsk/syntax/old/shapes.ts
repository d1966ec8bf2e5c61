import type { Cursor } from "../cursor.ts";
import { parseKeys } from "../parse-key.ts";
import { parsePrimary, type ReadValue } from "../parse-primary.ts";
import { kind } from "../token.ts";
import type { Entry, Item, Section } from "../tree.ts";

const pair =
  /([[{<])[ \t]*(?:[\p{L}_][\p{L}\d_-]*|"[^"\n]*"|'[^'\n]*')[ \t]*[:=][ \t]*[^\s\]}>][^\n]*([\]}>])[ \t\r]*(?:#[^\n]*)?(?:\n|$)/uy;

/** An entry without brackets on the next line that is not empty. */
const entryBelow =
  /\s{0,200}(?:[\p{L}_][\p{L}\d_.-]{0,100}|"[^"\n]{0,100}"|'[^'\n]{0,100}')[ \t]{0,9}[:={]/uy;

/** A line is looked at so far. */
const longest = 2000;

/** What stands at the beginning of a line in the brackets of an older style: an entry, or a header in angles. */
export function oldShape(cursor: Cursor, read: ReadValue): Item | undefined {
  if (cursor.kind === kind.less) return angleHeader(cursor) ?? pairIn(cursor, read);
  return cursor.kind === kind.openBracket || cursor.kind === kind.openBrace
    ? pairIn(cursor, read)
    : undefined;
}

/** `[name: value]`, `{name: value}`, `<name: value>` alone on its line: an entry. */
function pairIn(cursor: Cursor, read: ReadValue): Entry | undefined {
  const { start } = cursor;
  const closing = closingOf(cursor);
  if (closing === undefined) return undefined;
  const { index } = cursor;
  cursor.advance();
  const path = parseKeys(cursor, read);
  if (path !== undefined && (cursor.take(kind.colon) || cursor.take(kind.equals))) {
    // In angles the sign at the end is no comparison.
    const value = closing === kind.greater ? parsePrimary(cursor, read) : read(cursor);
    const end = cursor.lastEnd;
    if (cursor.take(closing)) {
      const span = { start, end: cursor.lastEnd };
      const text = cursor.text.slice(start + 1, end).trim();
      cursor.warn("TSK_OLD_PAIR", span, "an entry stands on its line without brackets", { ...span, text });
      return { kind: "entry", path, value, ...span };
    }
  }
  cursor.backTo(index);
  return undefined;
}

/** The sign that ends the pair, when there is one at this place, alone on its line. */
function closingOf(cursor: Cursor): number | undefined {
  const { start, text } = cursor;
  if (!/^[ \t]*$/.test(text.slice(text.lastIndexOf("\n", start - 1) + 1, start).slice(-longest)))
    return undefined;
  const next = text.indexOf("\n", start);
  if ((next < 0 ? text.length : next) - start > longest) return undefined;
  pair.lastIndex = start;
  const found = pair.exec(text);
  entryBelow.lastIndex = pair.lastIndex;
  // A header that lost a sign to one of a pair has its entries below; pairs have other pairs.
  if (found?.[1] === "[" && entryBelow.test(text)) return undefined;
  const closing = found?.[1] === undefined ? undefined : pairs.get(found[1]);
  return closing !== undefined && closing[0] === found?.[2] ? closing[1] : undefined;
}

const pairs: ReadonlyMap<string, readonly [string, number]> = new Map([
  ["[", ["]", kind.closeBracket]],
  ["{", ["}", kind.closeBrace]],
  ["<", [">", kind.greater]],
]);

/** True where the whole document seems to be one object, and is only its first entry: more of them follow. */
export function isPair(cursor: Cursor): boolean {
  const { start, text } = cursor;
  // Quotes are JSON, and a document of their own.
  return (
    !/^\{[ \t]*["']/.test(text.slice(start, start + 100)) &&
    closingOf(cursor) !== undefined &&
    /^[^\n]*\n\s*\S/.test(text.slice(start, start + 2 * longest))
  );
}

const header =
  /<[ \t]*([\p{L}_][\p{L}\d_-]*)[ \t]*>[ \t]*\r?\n\s*(?:[\p{L}_][\p{L}\d_-]*|"[^"\n]*")[ \t]*[:=]/uy;

/** `<name>` alone on its line above an entry: the header of a section. Tags that hold tags or text are markup. */
function angleHeader(cursor: Cursor): Section | undefined {
  const { start, text } = cursor;
  header.lastIndex = start;
  const name = header.exec(text)?.[1];
  if (name === undefined) return undefined;
  const from = text.indexOf(name, start);
  while (cursor.kind !== kind.greater) cursor.advance();
  cursor.advance();
  const span = { start, end: cursor.lastEnd };
  cursor.warn("TSK_OLD_SECTION", span, `the section ${name} stands in square brackets`, {
    ...span,
    text: `[${name}]`,
  });
  return { kind: "section", path: [{ name, start: from, end: from + name.length }], ...span };
}
