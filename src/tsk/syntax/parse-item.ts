import type { Span } from "../source.ts";
import { isProgramBlock, refuseDecorated, refuseDirective, refuseProgram } from "./code/refuse.ts";
import type { Cursor } from "./cursor.ts";
import { refuseForeign } from "./old/not-a-section.ts";
import { oldShape } from "./old/shapes.ts";
import { parseKeys } from "./parse-key.ts";
import { oldSectionName, valueBelow } from "./parse-old.ts";
import { type ReadValue, unquoted } from "./parse-primary.ts";
import { atHeader, closes, endsValue, skipValue, startsEntry, unreadable } from "./recover.ts";
import type { Sink } from "./store/pile.ts";
import { stringText } from "./text.ts";
import { kind } from "./token.ts";
import type { Argument, Entry, Include, Item, Key, ObjectValue, Section, Value } from "./tree.ts";

/** object = "{" { entry separator } "}" */
export function parseObject(cursor: Cursor, read: ReadValue): ObjectValue {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return { kind: "object", items: [], ...open };
  const outside = cursor.free;
  cursor.free = false;
  cursor.advance();
  const items = parseItems(cursor, read, kind.closeBrace);
  cursor.free = outside;
  if (!cursor.take(kind.closeBrace)) cursor.reportUnclosed(open);
  cursor.leave();
  return { kind: "object", items, start: open.start, end: cursor.lastEnd };
}

/**
 * Items up to `until`: the end of the text, `}`, or a `<` alone on its line.
 *
 * @param isKnown true at the start of an item from which on nothing need be read
 */
export function parseItems(
  cursor: Cursor,
  read: ReadValue,
  until: number,
  isKnown?: (start: number) => boolean,
): Item[] {
  const { items } = cursor;
  const { mark } = items;
  for (;;) {
    while (cursor.kind === kind.newline || cursor.kind === kind.semicolon || isComma(cursor, until))
      cursor.advance();
    if (cursor.kind === until || cursor.kind === kind.end || isKnown?.(cursor.start) === true) break;
    if (until !== kind.end && (atHeader(cursor) || closes(cursor.kind))) break;
    const before = cursor.index;
    readItem(cursor, items, read, until);
    // Whatever was wrong, the next item begins further on.
    if (cursor.index === before) cursor.advance();
  }
  return items.take(mark);
}

/** One item and what separates it from the next. */
function readItem(cursor: Cursor, items: Sink<Item>, read: ReadValue, until: number): void {
  const item = parseItem(cursor, read, until);
  // Most items end with their line.
  if (item !== undefined && cursor.kind === kind.newline && !cursor.spoiled) {
    items.push(item);
    return;
  }
  if (item?.kind === "entry" && cursor.spoiled && item.value.kind !== "object") {
    items.push({ ...item, value: unreadable(cursor, item.value.start) });
    return;
  }
  if (item?.kind === "entry" && textGoesOn(cursor, until, item.value)) {
    items.push({ ...item, value: unquoted(cursor, item.value) });
    skipValue(cursor);
    return;
  }
  if (item !== undefined) items.push(item);
  separate(cursor, until, item);
}

function isComma(cursor: Cursor, until: number): boolean {
  return cursor.kind === kind.comma && until !== kind.end;
}

/** After an item: a line end, a separator or the end; anything else is reported and passed. */
function separate(cursor: Cursor, until: number, item: Item | undefined): void {
  // Before a header that follows a forgotten brace the line end is used up already.
  if (cursor.kind === until || endsHere(cursor, until) || atHeader(cursor)) return;
  const span = { start: cursor.start, end: cursor.end };
  if (cursor.kind === kind.comma) {
    // Behind what is no item the comma is part of the same mistake.
    if (item !== undefined) cursor.report("TSK_EXPECTED", span, "outside braces a line ends without a comma");
    cursor.advance();
    return;
  } else if (closes(cursor.kind)) {
    // `a: ]` is one mistake: the value that is missing is reported already.
    if (item?.kind !== "entry" || item.value.kind !== "missing") orphan(cursor);
  } else if (item?.kind === "section") {
    cursor.report("TSK_SECTION", span, "a section header stands alone on its line");
    if (startsEntry(cursor)) return;
  } else if (startsEntry(cursor)) {
    const help = until === kind.end ? "begin a new line" : "put a comma or a line end between them";
    cursor.report("TSK_SEPARATOR", span, `${cursor.shown} begins another entry on the same line`, { help });
    return;
  } else cursor.report("TSK_EXPECTED", span, `a line end is expected before ${cursor.shown}`);
  skipValue(cursor);
  if (until === kind.end && closes(cursor.kind)) cursor.advance();
}

function endsHere(cursor: Cursor, until: number): boolean {
  if (cursor.kind === kind.comma) return until !== kind.end;
  return endsValue(cursor.kind) && !(until === kind.end && closes(cursor.kind));
}

/** A value ended, and neither the line nor the item does: `name: my shop`. */
function textGoesOn(cursor: Cursor, until: number, value: Value): boolean {
  if (cursor.kind === until || endsValue(cursor.kind) || startsEntry(cursor)) return false;
  if (cursor.text.slice(value.start, cursor.lastEnd).includes("\n")) return false;
  return value.kind !== "missing" && value.kind !== "object" && value.kind !== "array";
}

function parseItem(cursor: Cursor, read: ReadValue, until: number): Item | undefined {
  const { start } = cursor;
  const old = cursor.compat && until === kind.end ? oldShape(cursor, read) : undefined;
  if (old !== undefined) return old;
  switch (cursor.kind) {
    case kind.openBracket:
      return section(cursor, read, until);
    case kind.spread: {
      cursor.advance();
      const value = read(cursor);
      return { kind: "spread", value, start, end: cursor.lastEnd };
    }
    case kind.variable:
      return variable(cursor, read);
    case kind.at:
      return isInclude(cursor) ? include(cursor, read) : statement(cursor, read);
    case kind.closeBrace:
    case kind.closeBracket:
    case kind.closeParen:
      orphan(cursor);
      cursor.advance();
      return undefined;
    default:
      return entry(cursor, read, until);
  }
}

function section(cursor: Cursor, read: ReadValue, until: number): Section | undefined {
  const open = { start: cursor.start, end: cursor.end };
  if (until !== kind.end) {
    cursor.report("TSK_SECTION", open, "a section header may not stand inside braces");
    skipValue(cursor);
    return undefined;
  }
  if (refuseForeign(cursor)) return undefined;
  const old = cursor.compat ? oldSectionName(cursor) : undefined;
  if (old === undefined) cursor.advance();
  const path = old === undefined ? parseKeys(cursor, read) : [old];
  if (path === undefined) {
    if (refuseProgram(cursor, open.start)) return undefined;
    skipValue(cursor);
    cursor.take(kind.closeBracket);
    return undefined;
  }
  if (!cursor.take(kind.closeBracket)) {
    if (refuseProgram(cursor, open.start)) return undefined;
    if (!holdsEntry(cursor)) cursor.reportUnclosed(open);
    skipValue(cursor);
    cursor.take(kind.closeBracket);
  }
  return { kind: "section", path, start: open.start, end: cursor.lastEnd };
}

/** `[name: value]`, as one older style writes an entry: it is told as what it is, not as a bracket left open. */
function holdsEntry(cursor: Cursor): boolean {
  if (cursor.kind !== kind.colon && cursor.kind !== kind.equals) return false;
  const rest = cursor.text.slice(cursor.end, cursor.end + 200).split("\n", 1)[0] ?? "";
  if (!/^[^[\]]*\][ \t\r]*(?:#.*)?$/.test(rest)) return false;
  const help = "write the key and its value on a line of their own, without brackets";
  const span = { start: cursor.start, end: cursor.end };
  cursor.report("TSK_SECTION", span, "a section header holds a path, no value", { help });
  return true;
}

function variable(cursor: Cursor, read: ReadValue): Item | undefined {
  const { start, word } = cursor;
  cursor.advance();
  if (!cursor.take(kind.colon) && !cursor.take(kind.equals)) {
    if (!refuseProgram(cursor, start)) unassigned(cursor, word, { start, end: cursor.lastEnd });
    return undefined;
  }
  const value = read(cursor);
  return { kind: "variable", name: word.slice(1), value, start, end: cursor.lastEnd };
}

/** Neither `:` nor `=` follows: reports and skips the line. */
function unassigned(cursor: Cursor, name: string, span: Span): void {
  if (closes(cursor.kind) && cursor.closesGivenUp()) {
    cursor.advance();
    return;
  }
  const help = `write ${name}: followed by its value`;
  cursor.report("TSK_EXPECTED", span, `${name} is followed by neither : nor = nor {`, { help });
  skipValue(cursor);
}

/** True at `@include` and `@import`. */
function isInclude(cursor: Cursor): boolean {
  const name = cursor.index + 1;
  if (cursor.tokens.kind(name) !== kind.name) return false;
  const word = cursor.text.slice(cursor.tokens.start(name), cursor.tokens.end(name));
  return (word === "include" || word === "import") && cursor.tokens.kind(name + 1) !== kind.dot;
}

/** `@include "path"`, or with its arguments in parentheses. */
function include(cursor: Cursor, read: ReadValue): Include {
  const { start } = cursor;
  if (cursor.tokens.kind(cursor.index + 2) === kind.openParen) {
    const call = read(cursor);
    const missing: Argument = { name: undefined, value: call, start, end: cursor.lastEnd };
    const args = call.kind === "operator" ? (call.args ?? []) : [missing];
    return { kind: "include", args, start, end: cursor.lastEnd };
  }
  cursor.advance();
  cursor.advance();
  const value = read(cursor);
  const argument = { name: undefined, value, start: value.start, end: value.end };
  return { kind: "include", args: [argument], start, end: cursor.lastEnd };
}

function statement(cursor: Cursor, read: ReadValue): undefined {
  const { start } = cursor;
  if (refuseDecorated(cursor, start)) return;
  const value = read(cursor);
  const text = cursor.text.slice(start, value.end).split("\n")[0] ?? "";
  const message = `${text} stands alone; a line gives a key its value`;
  const help = value.kind === "operator" && value.args !== undefined ? "write key: before it" : undefined;
  cursor.report("TSK_STATEMENT", { start, end: value.end }, message, help === undefined ? {} : { help });
  skipValue(cursor);
}

/** path (":" | "=") value, or path { label } object, or path ">" line end … "<". */
function entry(cursor: Cursor, read: ReadValue, until: number): Entry | undefined {
  const { start } = cursor;
  const path = parseKeys(cursor, read);
  if (path === undefined) {
    if (refuseProgram(cursor, start)) return undefined;
    skipValue(cursor);
    if (until === kind.end && closes(cursor.kind)) cursor.advance();
    return undefined;
  }
  // Most entries: a key, a colon and a value on the same line.
  const end = cursor.lastEnd;
  if (!cursor.take(kind.colon) && !cursor.take(kind.equals)) {
    labelKeys(cursor, path);
    if (cursor.kind === kind.openBrace) {
      if (isProgramBlock(cursor, path) && refuseProgram(cursor, start)) return undefined;
      const value = cursor.object(cursor);
      return { kind: "entry", path, value, start, end: cursor.lastEnd };
    }
    if (cursor.kind === kind.greater && cursor.tokens.kind(lineRest(cursor)) === kind.newline)
      return { kind: "entry", path, value: angle(cursor, read), start, end: cursor.lastEnd };
    if (until === kind.end && cursor.glued && brokenHeader(cursor, start)) return undefined;
    if (refuseProgram(cursor, start)) return undefined;
    if (!cursor.compat || cursor.kind !== kind.openBracket) {
      unassigned(cursor, cursor.text.slice(start, cursor.lastEnd), { start, end: cursor.lastEnd });
      return undefined;
    }
    const fix = { start: cursor.lastEnd, end: cursor.lastEnd, text: ":" };
    const span = { start, end: cursor.lastEnd };
    cursor.warn("TSK_OLD_COLON", span, "a list follows its key after a colon", fix);
  }
  if (cursor.kind === kind.newline && isProgramBlock(cursor, path) && refuseProgram(cursor, start))
    return undefined;
  const below =
    cursor.compat && endsValue(cursor.kind) ? valueBelow(cursor, read, readItem, { start, end }) : undefined;
  const value = below ?? read(cursor);
  refuseCode(cursor, path, value);
  return { kind: "entry", path, value, start, end: cursor.lastEnd };
}

/** `s[ervices]` alone on its line: letters before the bracket of a section. */
function brokenHeader(cursor: Cursor, start: number): boolean {
  const found = /^\[[\p{L}\d_.-]+\][ \t]*(?:#[^\n]*)?(?:\r?\n|$)/u.exec(
    cursor.text.slice(cursor.start, cursor.start + 200),
  );
  if (found === null || !/^\s*$/.test(cursor.text.slice(cursor.text.lastIndexOf("\n", start - 1) + 1, start)))
    return false;
  const span = { start, end: cursor.start + 1 };
  cursor.report("TSK_SECTION", span, "nothing may stand before the [ of a section header");
  skipValue(cursor);
  return true;
}

/** Flexchain files keep JavaScript as text under such keys. */
function refuseCode(cursor: Cursor, path: readonly Key[], value: Value): void {
  const last = path.at(-1);
  if (!cursor.compat || value.kind !== "text" || last?.name.endsWith("_fujsen") !== true) return;
  const help = "move the code into a service, and take the key away";
  cursor.report("TSK_CODE", value, `${last.name} holds program code; nothing in a file is ever run`, {
    help,
  });
}

/** `service "user" { … }` is `service: { "user": { … } }`: the labels go on with the path. */
function labelKeys(cursor: Cursor, path: Key[]): void {
  let at = cursor.index;
  while (isLabel(cursor.tokens.kind(at)) || cursor.tokens.kind(at) <= kind.comment) at++;
  if (cursor.tokens.kind(at) !== kind.openBrace) return;
  while (isLabel(cursor.kind)) {
    const { start, end } = cursor;
    path.push({ name: stringText(cursor, cursor.kind, start, end), start, end });
    cursor.advance();
  }
}

function isLabel(token: number): boolean {
  return token === kind.string || token === kind.raw;
}

/** Index of the token after the current one and what is blank behind it. */
function lineRest(cursor: Cursor): number {
  let at = cursor.index + 1;
  while (cursor.tokens.kind(at) <= kind.comment) at++;
  return at;
}

function angle(cursor: Cursor, read: ReadValue): ObjectValue {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return { kind: "object", items: [], ...open };
  cursor.advance();
  const items = parseItems(cursor, read, kind.less);
  if (!cursor.take(kind.less)) cursor.reportUnclosed(open);
  cursor.leave();
  return { kind: "object", items, start: open.start, end: cursor.lastEnd };
}

/** A closing bracket too many. `#web /x {` looks like a block but is a comment; then that is the cause. */
function orphan(cursor: Cursor): void {
  if (refuseDirective(cursor)) return;
  cursor.reportOrphan({ start: cursor.start, end: cursor.end }, `this ${cursor.shown} closes nothing`);
}
