import type { Cursor } from "./cursor.ts";
import { closes, opens, skipValue } from "./recover.ts";
import { kind } from "./token.ts";
import type { Value } from "./tree.ts";

/**
 * Where a value stands beside another one on the same line with nothing between: tells that a comma is missing, and where.
 * False where it may be something else: words are text without quotes, and signs belong to an expression.
 */
export function reportMissingComma(cursor: Cursor, before: Value, what: string): boolean {
  const begins = beginsValue(cursor.kind) || beginsNamed(cursor);
  if (before.kind === "missing" || !begins || !isOnLine(cursor)) return false;
  const isWord = before.kind === "name" && !before.name.includes(".");
  if (isWord && cursor.kind < kind.string) return false;
  const at = cursor.lastEnd;
  const fix = { start: at, end: at, text: "," };
  const span = { start: cursor.start, end: cursor.end };
  cursor.report("TSK_SEPARATOR", span, `a comma is missing here, between ${what}`, {
    help: "put a comma between them",
    fix,
  });
  return true;
}

/** `"key" => value`, as other languages write a map where this one has a list or arguments: told and passed. False at anything else. */
export function passArrow(cursor: Cursor): boolean {
  if (cursor.kind !== kind.equals || cursor.text[cursor.end] !== ">") return false;
  const span = { start: cursor.start, end: cursor.end + 1 };
  const help = "write a map: { key: value }";
  cursor.report("TSK_EXPECTED", span, "=> joins no key and value here", { help });
  cursor.advance();
  skipValue(cursor);
  return true;
}

/** Where parentheses hold more than one value: tells so, and goes to what closes them. */
export function passSecond(cursor: Cursor): void {
  const isOther = cursor.kind === kind.comma || cursor.kind === kind.name || beginsValue(cursor.kind);
  if (!isOther || !closesOnLine(cursor)) return;
  const span = { start: cursor.start, end: cursor.end };
  const help = "put an operator between them, or brackets around a list";
  cursor.report("TSK_EXPECTED", span, `parentheses hold one value; ) is expected before ${cursor.shown}`, {
    help,
  });
  do {
    cursor.take(kind.comma);
    skipValue(cursor);
  } while (cursor.kind === kind.comma);
}

/** True when something on this line closes the parenthesis in which the current token stands. */
export function closesOnLine({ tokens, index }: Cursor): boolean {
  let depth = 1;
  for (let at = index; depth > 0; at++) {
    const now = tokens.kind(at);
    if (now === kind.newline || now === kind.end || now === kind.broken) return false;
    if (opens(now)) depth++;
    else if (closes(now)) depth--;
  }
  return true;
}

/** Kinds that begin a value and nothing else. */
function beginsValue(token: number): boolean {
  return (
    (token >= kind.variable && token <= kind.head && token !== kind.word) ||
    token === kind.blockHead ||
    token === kind.openBrace ||
    token === kind.openBracket ||
    token === kind.at
  );
}

/** `name=`, with which an argument begins. */
function beginsNamed({ tokens, kind: first, index }: Cursor): boolean {
  return first === kind.name && tokens.kind(index + 1) === kind.equals;
}

function isOnLine({ text, lastEnd, start }: Cursor): boolean {
  return start > lastEnd && !text.slice(lastEnd, start).includes("\n");
}
