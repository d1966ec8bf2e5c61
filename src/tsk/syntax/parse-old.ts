import type { Span } from "../source.ts";
import type { Cursor } from "./cursor.ts";
import type { ReadValue } from "./parse-primary.ts";
import { atHeader, closes, endsValue, startsEntry } from "./recover.ts";
import type { Sink } from "./store/pile.ts";
import { kind } from "./token.ts";
import type { ArrayValue, Item, Key, Literal, ObjectValue, Value } from "./tree.ts";

/** Reads one item and what separates it from the next; handed in by the grammar of items. */
export type ReadItem = (cursor: Cursor, items: Sink<Item>, read: ReadValue, until: number) => void;

/** What a key of an older dialect has instead of a value, or undefined when its value follows on the line. */
export function valueBelow(cursor: Cursor, read: ReadValue, item: ReadItem, entry: Span): Value | undefined {
  if (cursor.spoiled) return undefined;
  // A bracket that closes nothing is a mistake of every dialect.
  if (!endsValue(cursor.kind) || cursor.kind === kind.closeBracket || cursor.kind === kind.closeParen)
    return undefined;
  const at = cursor.lastEnd;
  if (cursor.kind === kind.newline) {
    const before = cursor.index;
    cursor.skipNewlines();
    const column = columnOf(cursor, cursor.start);
    const own = columnOf(cursor, entry.start);
    if (isDash(cursor) && column >= own) return dashes(cursor, read, item, at);
    if (column > own && startsEntry(cursor)) return indented(cursor, read, item, entry, at);
    // The value itself stands on the next line: that is no older dialect.
    if (column > own && !endsValue(cursor.kind) && !atHeader(cursor)) {
      cursor.backTo(before);
      return undefined;
    }
    cursor.backTo(before);
  }
  const span = { start: at, end: at };
  cursor.warn("TSK_OLD_EMPTY", span, "a key without a value is read as null", { ...span, text: " null" });
  return { kind: "literal", value: null, ...span } satisfies Literal;
}

/** A map by indentation: the entries below that stand deeper than the key. */
function indented(cursor: Cursor, read: ReadValue, item: ReadItem, entry: Span, at: number): ObjectValue {
  const start = cursor.start;
  const items = itemsFrom(cursor, read, item, start);
  const end = cursor.lastEnd;
  const indent = " ".repeat(columnOf(cursor, entry.start));
  const text = ` {${cursor.text.slice(at, end)}\n${indent}}`;
  const span = { start: at, end };
  cursor.warn("TSK_OLD_INDENT", entry, "a map stands in braces, not deeper than its key", { ...span, text });
  return { kind: "object", items, start, end };
}

/** Items as long as they stand no less deep than the first. */
function itemsFrom(cursor: Cursor, read: ReadValue, item: ReadItem, first: number): Item[] {
  const items: Item[] = [];
  const column = columnOf(cursor, first);
  if (!cursor.enter({ start: first, end: first + 1 })) return items;
  for (let line = true; ; ) {
    // Commas separate as in braces, which the repair puts around.
    for (; isSeparator(cursor.kind); cursor.advance()) if (cursor.kind === kind.newline) line = true;
    const over = cursor.kind === kind.end || closes(cursor.kind) || atHeader(cursor);
    // Asked once a line: to find the column costs the length of the line.
    if (over || (line && columnOf(cursor, cursor.start) < column)) break;
    line = false;
    const before = cursor.index;
    item(cursor, items, read, kind.closeBrace);
    if (cursor.index === before) cursor.advance();
  }
  cursor.backToNewline();
  cursor.leave();
  return items;
}

function isSeparator(token: number): boolean {
  return token === kind.newline || token === kind.semicolon || token === kind.comma;
}

/** A list with a dash before each element. */
function dashes(cursor: Cursor, read: ReadValue, item: ReadItem, at: number): ArrayValue {
  const start = cursor.start;
  const column = columnOf(cursor, start);
  const edits: Edit[] = [];
  const elements = dashed(cursor, read, item, edits);
  cursor.backToNewline();
  const end = cursor.lastEnd;
  const text = ` [${edited(cursor.text, { start: at, end }, edits)}\n${" ".repeat(column)}]`;
  const span = { start, end: start + 1 };
  cursor.warn("TSK_OLD_LIST", span, "a list stands in brackets, without dashes", { start: at, end, text });
  return { kind: "array", elements, start, end };
}

/** The elements at this column. What must change for brackets is collected: one repair writes the whole list. */
function dashed(cursor: Cursor, read: ReadValue, item: ReadItem, edits: Edit[]): Value[] {
  const elements: Value[] = [];
  const column = columnOf(cursor, cursor.start);
  if (!cursor.enter({ start: cursor.start, end: cursor.end })) return elements;
  while (isDash(cursor) && columnOf(cursor, cursor.start) === column) {
    const dash = { start: cursor.start, end: cursor.end };
    cursor.advance();
    cursor.skipNewlines();
    const start = cursor.start;
    if (columnOf(cursor, start) <= column || endsValue(cursor.kind)) break;
    if (isDash(cursor)) {
      edits.push({ ...dash, text: "[" });
      const inner = dashed(cursor, read, item, edits);
      const end = cursor.lastEnd;
      elements.push({ kind: "array", elements: inner, start, end });
      edits.push({ start: end, end, text: " ]" });
      cursor.backToNewline();
    } else if (startsEntry(cursor) && cursor.kind !== kind.variable) {
      const items = itemsFrom(cursor, read, item, start);
      const end = cursor.lastEnd;
      elements.push({ kind: "object", items, start, end });
      edits.push({ ...dash, text: "{" }, { start: end, end, text: " }" });
    } else {
      edits.push({ ...dash, text: " " });
      elements.push(plainWord(cursor, read(cursor), edits));
    }
    if (cursor.kind !== kind.newline) break;
    cursor.skipNewlines();
  }
  cursor.leave();
  return elements;
}

/** After a dash a bare word is text, whatever keys there are. */
function plainWord(cursor: Cursor, value: Value, edits: Edit[]): Value {
  if (value.kind !== "name" || /^(?:yes|no|on|off)$/i.test(value.name)) return value;
  const span = { start: value.start, end: value.end };
  const text = JSON.stringify(value.name);
  edits.push({ ...span, text });
  cursor.warn("TSK_OLD_WORD", span, `${value.name} after a dash is read as text`, { ...span, text });
  return { kind: "text", value: value.name, ...span };
}

interface Edit extends Span {
  readonly text: string;
}

function edited(text: string, span: Span, edits: readonly Edit[]): string {
  let at = span.start;
  let out = "";
  for (const edit of edits) {
    out += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return out + text.slice(at, span.end);
}

function isDash(cursor: Cursor): boolean {
  return cursor.kind === kind.minus && /[\s]/.test(cursor.text[cursor.end] ?? "\n");
}

/** How far right on its line an offset is. */
function columnOf(cursor: Cursor, offset: number): number {
  return offset - (cursor.text.lastIndexOf("\n", offset - 1) + 1);
}

/** `[any words]`: a section whose name needs quotes; undefined when this is none. */
export function oldSectionName(cursor: Cursor): Key | undefined {
  const start = cursor.end;
  const found = /^[ \t]*([^[\]"'.\r\n:=#,{}]*[^[\]"'.\s:=#,{}])[ \t]*\][ \t]*(?:#[^\n]*)?(?:\r?\n|$)/.exec(
    cursor.text.slice(start, start + 200),
  );
  const name = found?.[1];
  if (found === null || name === undefined || !/\S[ \t]+\S/.test(name)) return undefined;
  const from = start + found[0].indexOf(name);
  const span = { start: from, end: from + name.length };
  const message = `the name ${name} needs quotes`;
  cursor.warn("TSK_OLD_SECTION", span, message, { ...span, text: JSON.stringify(name) });
  while (cursor.kind !== kind.closeBracket && cursor.kind !== kind.end) cursor.advance();
  return { name, ...span };
}
