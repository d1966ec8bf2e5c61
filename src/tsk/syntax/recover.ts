import type { Cursor } from "./cursor.ts";
import { kind } from "./token.ts";
import type { Missing } from "./tree.ts";

/** 1 for kinds after which a value is over: asked of nearly every token. */
const ends = new Uint8Array(256);
for (const token of [kind.newline, kind.end, kind.comma, kind.semicolon]) ends[token] = 1;
for (const token of [kind.closeBrace, kind.closeBracket, kind.closeParen]) ends[token] = 1;
for (const token of [kind.middle, kind.tail, kind.blockMiddle, kind.blockTail]) ends[token] = 1;

/** Kinds after which a value is over. */
export function endsValue(token: number): boolean {
  return ends[token] === 1;
}

/** The rest of a string after a `${}`. */
export function endsInterpolation(token: number): boolean {
  return (
    token === kind.middle || token === kind.tail || token === kind.blockMiddle || token === kind.blockTail
  );
}

export function opens(token: number): boolean {
  return token === kind.openBrace || token === kind.openBracket || token === kind.openParen;
}

export function closes(token: number): boolean {
  return token === kind.closeBrace || token === kind.closeBracket || token === kind.closeParen;
}

/**
 * Skips to where the next item can begin; what is opened on the way is skipped whole, up to a section header or a line that is an
 * entry and no part of it.
 */
export function skipValue(cursor: Cursor): void {
  const open: number[] = [];
  while (cursor.kind !== kind.end) {
    if (open.length === 0 && endsValue(cursor.kind)) return;
    if (open.length > 0 && atHeader(cursor)) return;
    // Only braces hold entries.
    const isStray = open.at(-1) === kind.openParen || open.at(-1) === kind.openBracket;
    if (isStray && cursor.kind === kind.newline && startsEntry(cursor)) return;
    if (
      (opens(cursor.kind) && cursor.isClosed()) ||
      cursor.kind === kind.head ||
      cursor.kind === kind.blockHead
    )
      open.push(cursor.kind);
    else if (closes(cursor.kind) || cursor.kind === kind.tail || cursor.kind === kind.blockTail) open.pop();
    cursor.advance();
  }
}

/** Skips the rest and stands for what could not be read. */
export function unreadable(cursor: Cursor, start: number): Missing {
  skipValue(cursor);
  return { kind: "missing", start, end: Math.max(start, cursor.lastEnd) };
}

/**
 * The rest of the line from an offset, without a comment and a trailing separator: what somebody meant as text.
 * A bracket that closes what was opened before is not part of it.
 */
export function restOfLine(cursor: Cursor, start: number): string {
  let at = cursor.index;
  let end = cursor.lastEnd;
  let depth = 0;
  for (; ; at++) {
    const token = cursor.tokens.kind(at);
    if (token === kind.newline || token === kind.end || token === kind.semicolon) break;
    if (token === kind.comma && depth === 0) break;
    if (token === kind.comment && !isAddress(cursor, at)) break;
    if (opens(token)) depth++;
    else if (closes(token) && --depth < 0) break;
    if (token !== kind.space) end = cursor.tokens.end(at);
  }
  return cursor.text.slice(start, end);
}

/** `http://…` without quotes scans as a name, a colon and a comment. */
function isAddress(cursor: Cursor, at: number): boolean {
  return cursor.text.startsWith("//", cursor.tokens.start(at)) && cursor.tokens.kind(at - 1) === kind.colon;
}

/**
 * True at a `[path]` that stands alone on a line without indentation: inside braces nothing can look like that, so
 * it proves that a brace was forgotten.
 */
export function atHeader(cursor: Cursor): boolean {
  if (cursor.kind !== kind.openBracket) return false;
  const start = cursor.start;
  if (start > 0 && cursor.text.charCodeAt(start - 1) !== 10) return false;
  let at = cursor.index + 1;
  for (let names = 0; ; at++) {
    const token = cursor.tokens.kind(at);
    if (token === kind.space) continue;
    if (token === kind.closeBracket) {
      if (names === 0) return false;
      break;
    }
    if (token !== kind.name && token !== kind.string && token !== kind.raw && token !== kind.dot)
      return false;
    names++;
  }
  do at++;
  while (cursor.tokens.kind(at) === kind.space || cursor.tokens.kind(at) === kind.comment);
  return cursor.tokens.kind(at) === kind.newline || cursor.tokens.kind(at) === kind.end;
}

/** True where a key and its `:`, `=` or `{` follow, line ends skipped: another entry, not the rest of a text. */
export function startsEntry(cursor: Cursor): boolean {
  let at = cursor.index;
  while (cursor.tokens.kind(at) <= kind.newline && at < cursor.tokens.count) at++;
  const key = cursor.tokens.kind(at);
  if (key !== kind.name && key !== kind.string && key !== kind.variable) return false;
  do at++;
  while (cursor.tokens.kind(at) === kind.space);
  const next = cursor.tokens.kind(at);
  return next === kind.colon || next === kind.equals || next === kind.openBrace;
}
