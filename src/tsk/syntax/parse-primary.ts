import type { Span } from "../source.ts";
import { refuseValue } from "./code/refuse.ts";
import { closesOnLine, passArrow, passSecond, reportMissingComma } from "./commas.ts";
import type { Cursor } from "./cursor.ts";
import { denial, isDenied } from "./denied.ts";
import { readLiteral } from "./literal.ts";
import { oldBraces, oldReference } from "./old/reference.ts";
import { oldText } from "./old/text.ts";
import { atHeader, endsInterpolation, endsValue, restOfLine, skipValue, unreadable } from "./recover.ts";
import { type Segment, segmentTexts, stringText } from "./text.ts";
import { kind } from "./token.ts";
import type { Argument, Scalar, Value } from "./tree.ts";

/** Reads a whole value; handed in, because values and primaries contain each other. */
export type ReadValue = (cursor: Cursor) => Value;

/** primary = literal | string | $variable | @operator | name | array | object | "(" value ")". */
export function parsePrimary(cursor: Cursor, read: ReadValue): Value {
  const { start, end } = cursor;
  // What follows a character that means nothing is part of the same mistake.
  if (cursor.spoiled) return unreadable(cursor, start);
  switch (cursor.kind) {
    case kind.string:
    case kind.raw:
    case kind.block:
    case kind.rawBlock: {
      const value = stringText(cursor, cursor.kind, start, end);
      cursor.advance();
      return { kind: "text", value, start, end };
    }
    case kind.head:
    case kind.blockHead:
      return template(cursor, read);
    case kind.name:
      return name(cursor);
    case kind.variable:
      cursor.advance();
      return { kind: "use", name: cursor.text.slice(start + 1, end), start, end };
    case kind.int:
    case kind.float:
    case kind.duration:
    case kind.size:
    case kind.percent:
    case kind.range:
    case kind.date:
      return literal(cursor);
    case kind.openBrace:
      return oldBraces(cursor) ?? cursor.object(cursor);
    case kind.openBracket:
      return array(cursor, read);
    case kind.openParen:
      return refuseValue(cursor, start) ?? parenthesised(cursor, read);
    case kind.at:
      return operator(cursor, read);
    case kind.broken:
      cursor.advance();
      return { kind: "missing", start, end };
    case kind.oldText:
      return cursor.text[start] === "&" ? oldReference(cursor) : oldText(cursor);
    default:
      return nothing(cursor);
  }
}

/**
 * A text or a number with nothing behind it on its line, as most values are: what else it might be part of need not be looked
 * for. Undefined for everything else; nothing is consumed then.
 */
export function plainValue(cursor: Cursor): Value | undefined {
  const { start, end } = cursor;
  if ((cursor.kind !== kind.string && cursor.kind !== kind.int) || cursor.spoiled || !endsBehind(cursor))
    return undefined;
  if (cursor.kind === kind.int) {
    const value = plainInt(cursor.text, start, end);
    if (value < 0) return undefined;
    cursor.advance();
    return { kind: "literal", value, start, end };
  }
  const value = stringText(cursor, kind.string, start, end);
  cursor.advance();
  return { kind: "text", value, start, end };
}

/** True when the value is over behind the current token; at a line end only when the next line cannot go on with it. */
function endsBehind({ tokens, index }: Cursor): boolean {
  let at = index + 1;
  if (tokens.kind(at) === kind.space) at++;
  const next = tokens.kind(at);
  if (next === kind.comma || next === kind.closeBrace || next === kind.closeBracket) return true;
  if (next !== kind.newline) return false;
  at++;
  if (tokens.kind(at) === kind.space) at++;
  return tokens.kind(at) === kind.name || tokens.kind(at) === kind.closeBrace;
}

const words: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function name(cursor: Cursor): Value {
  const { start, end, word } = cursor;
  const value = words.get(word);
  const code = value === undefined && codeWords.has(word) ? refuseValue(cursor, start) : undefined;
  if (code !== undefined) return code;
  cursor.advance();
  return value === undefined
    ? { kind: "name", name: word, start, end }
    : { kind: "literal", value, start, end };
}

/** Words with which code begins where a value should: a function, a class that is made, a condition, a loop. */
const codeWords: ReadonlySet<string> = new Set(
  "async await fn for foreach fun func function if import include include_once lambda match move new proc require require_once switch unless while".split(
    " ",
  ),
);

function literal(cursor: Cursor): Value {
  const { start, end } = cursor;
  const plain = cursor.kind === kind.int ? plainInt(cursor.text, start, end) : -1;
  if (plain >= 0) {
    cursor.advance();
    return { kind: "literal", value: plain, start, end };
  }
  const read = readLiteral(cursor.kind, cursor.word);
  if ("code" in read) cursor.report(read.code, { start, end }, read.message);
  cursor.advance();
  return "code" in read
    ? { kind: "missing", start, end }
    : { kind: "literal", value: read.value, start, end };
}

/** What a few digits say, as most numbers are written; below zero for all others. */
function plainInt(text: string, start: number, end: number): number {
  if (end - start > 15 || (text.charCodeAt(start) === 48 && end - start > 1)) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** head value { middle value } tail; line ends inside `${}` of a string in three quotes are white space. */
function template(cursor: Cursor, read: ReadValue): Value {
  const { start } = cursor;
  if (!cursor.enter({ start, end: cursor.end })) return { kind: "missing", start, end: cursor.lastEnd };
  const block = cursor.kind === kind.blockHead;
  const quotes = block ? 3 : 1;
  const segments: Segment[] = [
    { text: cursor.text.slice(start + quotes, cursor.end - 2), start: start + quotes },
  ];
  const values: Value[] = [];
  const outside = cursor.free;
  for (let open = true; open; ) {
    // A string on one line is over where the line is.
    cursor.free = block;
    cursor.advance();
    values.push(read(cursor));
    while (!endsInterpolation(cursor.kind)) {
      if (cursor.kind === kind.end || cursor.kind === kind.broken || cursor.kind === kind.newline) {
        cursor.free = outside;
        cursor.leave();
        cursor.take(kind.broken);
        cursor.backToNewline();
        return { kind: "missing", start, end: cursor.lastEnd };
      }
      const message = "an interpolation holds one value; } is expected here";
      cursor.report("TSK_EXPECTED", { start: cursor.start, end: cursor.end }, message);
      cursor.advance();
    }
    open = cursor.kind === kind.middle || cursor.kind === kind.blockMiddle;
    const cut = open ? 2 : quotes;
    segments.push({ text: cursor.text.slice(cursor.start + 1, cursor.end - cut), start: cursor.start + 1 });
  }
  cursor.free = outside;
  cursor.advance();
  cursor.leave();
  const parts = partsOf(segmentTexts(cursor, segments, block), values);
  return { kind: "template", parts, start, end: cursor.lastEnd };
}

/** Texts and the values between them, without texts of no length. */
function partsOf(texts: readonly string[], values: readonly Value[]): readonly (string | Value)[] {
  const [head = "", tail = ""] = texts;
  const [only] = values;
  // Most templates hold one value.
  if (only !== undefined && values.length === 1)
    return head === ""
      ? tail === ""
        ? [only]
        : [only, tail]
      : tail === ""
        ? [head, only]
        : [head, only, tail];
  return texts
    .flatMap((text, index) => [text, ...values.slice(index, index + 1)])
    .filter((part) => part !== "");
}

function parenthesised(cursor: Cursor, read: ReadValue): Value {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return { kind: "missing", ...open };
  const outside = cursor.free;
  cursor.free = true;
  cursor.advance();
  const value = read(cursor);
  passSecond(cursor);
  closeParen(cursor, open, outside);
  cursor.leave();
  return { ...value, start: open.start, end: cursor.lastEnd };
}

/** At the end of what stands in parentheses; outside them line ends mean again what they did before. */
function closeParen(cursor: Cursor, open: { start: number; end: number }, outside: boolean): boolean {
  cursor.free = outside;
  if (cursor.take(kind.closeParen)) return true;
  cursor.reportUnclosed(open);
  cursor.backToLineOf(open);
  return false;
}

function array(cursor: Cursor, read: ReadValue): Value {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return { kind: "array", elements: [], ...open };
  const { elements } = cursor;
  const { mark } = elements;
  const outside = cursor.free;
  cursor.free = false;
  cursor.advance();
  cursor.skipNewlines();
  let header: { index: number; mark: number } | undefined;
  while (cursor.kind !== kind.closeBracket && cursor.kind !== kind.end) {
    if (atHeader(cursor)) header ??= { index: cursor.index, mark: elements.mark };
    elements.push(read(cursor));
    const line = cursor.kind === kind.newline;
    cursor.skipNewlines();
    const comma = cursor.take(kind.comma);
    cursor.skipNewlines();
    if (line || comma || cursor.kind === kind.closeBracket) continue;
    if (!unseparated(cursor, elements.pop(), open)) break;
  }
  cursor.free = outside;
  if (!cursor.take(kind.closeBracket)) {
    cursor.reportUnclosed(open);
    // What was read as elements from a section header on are sections.
    if (header !== undefined) {
      elements.drop(header.mark);
      cursor.backTo(header.index);
    }
  }
  cursor.leave();
  return { kind: "array", elements: elements.take(mark), start: open.start, end: cursor.lastEnd };
}

/** Neither comma nor line end after an element. False when the array itself must have ended before. */
function unseparated(cursor: Cursor, last: Value | undefined, open: { start: number; end: number }): boolean {
  if (passArrow(cursor)) {
    cursor.take(kind.comma);
    cursor.skipNewlines();
    return true;
  }
  // A key in an array: the bracket was forgotten lines ago.
  if (cursor.kind === kind.colon || cursor.kind === kind.equals || cursor.kind === kind.closeBrace) {
    cursor.reportUnclosed(open);
    skipValue(cursor);
    return false;
  }
  if (cursor.kind === kind.semicolon) {
    const span = { start: cursor.start, end: cursor.end };
    cursor.report("TSK_EXPECTED", span, "elements of a list are separated by commas or line ends, not by ;");
    cursor.advance();
    cursor.skipNewlines();
    return true;
  }
  if (last !== undefined && reportMissingComma(cursor, last, "elements of a list")) {
    cursor.elements.push(last);
    return true;
  }
  const before = cursor.index;
  if (last !== undefined && last.kind !== "missing") unquoted(cursor, last);
  skipValue(cursor);
  if (!cursor.take(kind.comma)) cursor.take(kind.semicolon);
  cursor.skipNewlines();
  return cursor.index > before;
}

function operator(cursor: Cursor, read: ReadValue): Value {
  const { start } = cursor;
  cursor.advance();
  if (cursor.kind !== kind.name || !cursor.glued) {
    cursor.report("TSK_EXPECTED", { start, end: start + 1 }, "the name of an operator is expected after @");
    return unreadable(cursor, start);
  }
  do cursor.advance();
  while (cursor.glued && cursor.is(kind.dot) && dotName(cursor));
  const end = cursor.lastEnd;
  const name = cursor.text.slice(start + 1, end);
  if ((name === "include" || name === "import") && (cursor.is(kind.string) || cursor.is(kind.raw))) {
    const value = read(cursor);
    const args = [{ name: undefined, value, start: value.start, end: value.end }];
    return { kind: "operator", name, args, start, end: cursor.lastEnd };
  }
  if (!cursor.is(kind.openParen) || !cursor.glued)
    return { kind: "operator", name, args: undefined, start, end };
  const args = parseArguments(cursor, read);
  if (args === undefined) return { kind: "missing", start, end: cursor.lastEnd };
  return { kind: "operator", name, args, start, end: cursor.lastEnd };
}

/** Consumes the dot before a name. */
function dotName(cursor: Cursor): boolean {
  const next = cursor.index + 1;
  if (cursor.tokens.kind(next) !== kind.name) return false;
  cursor.advance();
  return true;
}

/** "(" [ argument { "," argument } [ "," ] ] ")"; undefined when it never closes: reported, nobody knows what is in it. */
export function parseArguments(cursor: Cursor, read: ReadValue): Argument[] | undefined {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return undefined;
  const { args } = cursor;
  const { mark } = args;
  const outside = cursor.free;
  // Known once: a line of values must not be looked at for each of them.
  let isClosed = false;
  cursor.free = true;
  cursor.advance();
  while (cursor.kind !== kind.closeParen && cursor.kind !== kind.end) {
    const one = argument(cursor, read);
    args.push(one);
    passArrow(cursor);
    if (cursor.take(kind.comma)) continue;
    isClosed ||= closesOnLine(cursor);
    if (!isClosed || !reportMissingComma(cursor, one.value, "arguments")) break;
  }
  const given = args.take(mark);
  const closed = closeParen(cursor, open, outside);
  cursor.leave();
  return closed ? given : undefined;
}

function argument(cursor: Cursor, read: ReadValue): Argument {
  const { start } = cursor;
  const value = read(cursor);
  const isArrow = cursor.kind === kind.equals && cursor.text[cursor.end] === ">";
  const code = isArrow && value.kind === "name" ? refuseValue(cursor, start) : undefined;
  if (code !== undefined) return { name: undefined, value: code, start, end: cursor.lastEnd };
  if (value.kind !== "name" || !cursor.take(kind.equals))
    return { name: undefined, value, start, end: cursor.lastEnd };
  const named = read(cursor);
  return { name: value.name, value: named, start, end: cursor.lastEnd };
}

/** No value can begin here. */
function nothing(cursor: Cursor): Value {
  const { start, end, shown } = cursor;
  if (cursor.kind === kind.word) {
    const message = `${shown} begins with a digit but is no number, duration, size, range or date`;
    cursor.report("TSK_NUMBER", { start, end }, message, { help: `quote it if it is text: "${shown}"` });
  } else if (endsValue(cursor.kind)) {
    const at = cursor.lastEnd;
    cursor.report("TSK_EMPTY_VALUE", { start: at, end: at }, "a value is expected here", { help: emptyHelp });
    return { kind: "missing", start: at, end: at };
  } else {
    const code = refuseValue(cursor, cursor.text[start - 1] === "-" ? start - 1 : start);
    if (code !== undefined) return code;
    const text = restOfLine(cursor, start);
    const span = { start, end: start + text.length };
    const sign = cursor.text.slice(start - 1, start + 1);
    if (sign === ":=" || sign === "=>") {
      const fix = { start: start - 1, end: start + 1, text: ":" };
      cursor.report("TSK_EXPECTED", fix, `${sign} is written : between a key and its value`, { fix });
    } else if (isCode(text)) refuseCode(cursor, span, text);
    else cursor.report("TSK_UNQUOTED", span, `${brief(text)} is no value`, { help: quoteHelp(text) });
  }
  return unreadable(cursor, start);
}

const emptyHelp = 'write null for no value, "" for empty text';

/** A value ended, and the line goes on: the whole was meant as text, and the value is none. */
export function unquoted(cursor: Cursor, value: Value): Value {
  if (value.kind === "operator" && isDenied(value.name)) {
    // What stands behind it is part of the program.
    const { message, help } = denial(value.name);
    cursor.report("TSK_DENIED_OPERATOR", value, message, { help });
    return unreadable(cursor, value.start);
  }
  const code = refuseValue(cursor, value.start);
  if (code !== undefined) return code;
  const text = restOfLine(cursor, value.start);
  const span = { start: value.start, end: value.start + text.length };
  if (isCode(text)) refuseCode(cursor, span, text);
  else
    cursor.report("TSK_UNQUOTED", span, `${brief(text)} is text without quotes`, { help: quoteHelp(text) });
  return { kind: "missing", ...span };
}

/** A lambda or a function of another dialect. */
function isCode(text: string): boolean {
  return /^(?:async\s+)?function\b|^\|[^|\n]*\|\s|=>/.test(text);
}

function refuseCode(cursor: Cursor, span: Span, text: string): void {
  const help = "a configuration holds values; quote it if it is text";
  cursor.report("TSK_CODE", span, `${brief(text)} is program code; nothing in a file is ever run`, { help });
}

function brief(text: string): string {
  // Behind the call stands a secret's default, or what is put in its place.
  const line = text.split(/\n|(?<=@(?:env\.secure|secret|encrypted))/, 1)[0] ?? "";
  if (/@(?:env\.secure|secret|encrypted)$/.test(line)) return `${line}…`;
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

function quoteHelp(text: string): string {
  return brief(text) !== text ? "put the text in quotes" : `write ${JSON.stringify(text)}`;
}
