import type { Fix } from "../diagnostic.ts";
import type { Span } from "../source.ts";
import type { Cursor } from "./cursor.ts";
import { denial, isDenied } from "./denied.ts";
import { limits } from "./limits.ts";
import { parseArguments, parsePrimary, plainValue } from "./parse-primary.ts";
import { atHeader, startsEntry, unreadable } from "./recover.ts";
import { stringText } from "./text.ts";
import { kind } from "./token.ts";
import type { BinaryOperator, Literal, Value } from "./tree.ts";

/** value = or [ "?" value ":" value ]; a line may end before and after "?" and ":". */
export function parseValue(cursor: Cursor): Value {
  const plain = plainValue(cursor);
  if (plain !== undefined) return plain;
  const start = cursor.start;
  const condition = binary(cursor, 1);
  const next = cursor.kind === kind.newline ? cursor.beyondNewlines() : cursor.kind;
  if (next !== kind.question) return condition;
  cursor.skipNewlines();
  const question = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(question)) return { kind: "missing", start, end: cursor.lastEnd };
  cursor.conditions++;
  cursor.advance();
  const line = cursor.index;
  cursor.skipNewlines();
  // Behind a header nothing of this line goes on.
  if (cursor.index > line && atHeader(cursor)) cursor.backTo(line);
  cursor.choosing++;
  const then = cursor.is(kind.newline) ? lacking(cursor) : parseValue(cursor);
  cursor.choosing--;
  if (cursor.kind === kind.newline && cursor.beyondNewlines() === kind.colon) cursor.skipNewlines();
  let otherwise: Value;
  if (cursor.take(kind.colon)) {
    cursor.skipNewlines();
    otherwise = parseValue(cursor);
  } else {
    cursor.report("TSK_EXPECTED", question, 'this "?" has no ":" and no value for the other case');
    otherwise = unreadable(cursor, cursor.start);
  }
  cursor.conditions--;
  cursor.leave();
  return { kind: "conditional", condition, then, otherwise, start, end: cursor.lastEnd };
}

function lacking(cursor: Cursor): Value {
  return { kind: "missing", start: cursor.lastEnd, end: cursor.lastEnd };
}

interface Level {
  readonly operator: BinaryOperator;
  readonly power: number;
}

const levels: Readonly<Record<number, Level>> = {
  [kind.or]: { operator: "||", power: 1 },
  [kind.coalesce]: { operator: "??", power: 1 },
  [kind.and]: { operator: "&&", power: 2 },
  [kind.equal]: { operator: "==", power: 3 },
  [kind.unequal]: { operator: "!=", power: 3 },
  [kind.less]: { operator: "<", power: 3 },
  [kind.lessEqual]: { operator: "<=", power: 3 },
  [kind.greater]: { operator: ">", power: 3 },
  [kind.greaterEqual]: { operator: ">=", power: 3 },
  [kind.plus]: { operator: "+", power: 4 },
  [kind.minus]: { operator: "-", power: 4 },
  [kind.times]: { operator: "*", power: 5 },
  [kind.divide]: { operator: "/", power: 5 },
  [kind.modulo]: { operator: "%", power: 5 },
};

/** Precedence climbing: operators of at least `power`, to the left first. */
function binary(cursor: Cursor, power: number): Value {
  const start = cursor.start;
  let left = unary(cursor);
  let before: Level | undefined;
  let wrong = false;
  for (let length = 1; ; length++) {
    const level = levels[cursor.kind];
    if (level === undefined || level.power < power)
      return wrong ? { kind: "missing", start, end: cursor.lastEnd } : left;
    if (!fitsBeside(cursor, before, level)) wrong = true;
    if (length > limits.nesting) {
      const message = `more than ${limits.nesting} operators in a row`;
      cursor.report("TSK_TOO_DEEP", { start: cursor.start, end: cursor.end }, message);
      return unreadable(cursor, start);
    }
    const operator = { start: cursor.start, end: cursor.end };
    cursor.advance();
    if (level.power === 3) oldEquals(cursor, operator);
    const right = operand(cursor, level);
    left = { kind: "binary", operator: level.operator, left, right, start, end: cursor.lastEnd };
    before = level;
  }
}

/** What stands right of an operator. A line may end before it, but not when the next line is another entry. */
function operand(cursor: Cursor, level: Level): Value {
  const span = { start: cursor.lastEnd, end: cursor.lastEnd };
  const before = cursor.index;
  const entry = cursor.kind === kind.newline && cursor.choosing === 0 && startsEntry(cursor);
  if (!entry) cursor.skipNewlines();
  if (entry || (cursor.index > before && atHeader(cursor))) {
    cursor.backTo(before);
    cursor.report("TSK_EMPTY_VALUE", span, `a value is expected after ${level.operator}`);
    return { kind: "missing", ...span };
  }
  return binary(cursor, level.power + 1);
}

/** Two static rules: `||` and `??` do not mix, comparisons do not chain. */
function fitsBeside(cursor: Cursor, before: Level | undefined, now: Level): boolean {
  if (before === undefined || before.power !== now.power) return true;
  const span = { start: cursor.start, end: cursor.end };
  if (now.power === 1 && before.operator !== now.operator) {
    cursor.report("TSK_MIXED", span, "|| and ?? stand side by side; put one of them in parentheses");
    return false;
  }
  if (now.power !== 3) return true;
  const message = `comparisons do not chain; write a ${before.operator} b && b ${now.operator} c`;
  cursor.report("TSK_CHAIN", span, message);
  return false;
}

/** `===` and `!==` of older dialects mean what `==` and `!=` do: types are never mixed. */
function oldEquals(cursor: Cursor, operator: Span): void {
  if (!cursor.compat || cursor.kind !== kind.equals || !cursor.glued) return;
  const span = { start: operator.start, end: cursor.end };
  const text = cursor.text.slice(operator.start, operator.end);
  cursor.warn("TSK_OLD_EQUALS", span, `${text}= is written ${text}`, { ...span, text });
  cursor.advance();
}

function unary(cursor: Cursor): Value {
  if (cursor.kind !== kind.not && cursor.kind !== kind.minus) return postfix(cursor);
  const operator = cursor.kind === kind.not ? "!" : "-";
  const start = cursor.start;
  cursor.advance();
  const operand = postfix(cursor);
  const end = cursor.lastEnd;
  if (operator === "-" && operand.kind === "literal" && typeof operand.value === "number")
    return { ...operand, value: -operand.value, start } satisfies Literal;
  return { kind: "unary", operator, operand, start, end };
}

/** primary { "." key | "[" value "]" }, without a space before. */
function postfix(cursor: Cursor): Value {
  let value = parsePrimary(cursor, parseValue);
  for (let length = 1; chainGoesOn(cursor, value) || cursor.glued; length++) {
    if (cursor.kind !== kind.dot && cursor.kind !== kind.openBracket && cursor.kind !== kind.openParen) break;
    // A number or text has no members: `1.0.0` and `a/b` are text without quotes, reported where the line goes on.
    if (value.kind === "literal" || value.kind === "text" || value.kind === "missing") break;
    if (length > limits.nesting) {
      cursor.report("TSK_TOO_DEEP", value, `more than ${limits.nesting} steps in a row`);
      return unreadable(cursor, value.start);
    }
    if (cursor.kind === kind.openParen) {
      const result = callOnResult(cursor, value) ?? (cursor.compat ? oldCall(cursor, value) : undefined);
      if (result === undefined) return call(cursor, value);
      value = result;
      continue;
    }
    value = cursor.kind === kind.dot ? dotted(cursor, value) : indexed(cursor, value);
  }
  return value;
}

/** `@query("…")` and on the next line `.where("…")`, as older dialects write it: one value. */
function chainGoesOn(cursor: Cursor, value: Value): boolean {
  if (!cursor.compat || value.kind !== "operator" || cursor.kind !== kind.newline) return false;
  if (cursor.beyondNewlines() !== kind.dot) return false;
  const end = cursor.lastEnd;
  cursor.skipNewlines();
  const span = { start: cursor.start, end: cursor.end };
  const message = "a call on a result stands on the line of the result";
  cursor.warn("TSK_OLD_CHAIN", span, message, joined(cursor.text, end, span.start));
  return true;
}

/** The repair that joins two lines; a comment between them moves to the end. None where a string goes on behind it. */
function joined(text: string, end: number, start: number): Fix | undefined {
  const comments = text
    .slice(end, start)
    .split("\n")
    .map((line) => line.trim());
  const kept = comments.filter((line) => line !== "").join(" ");
  if (kept === "") return { start: end, end: start, text: "" };
  const newline = text.indexOf("\n", start);
  const rest = text.slice(start, newline < 0 ? undefined : newline).trimEnd();
  if (/"""|'''|<</.test(rest)) return undefined;
  return { start: end, end: start + rest.length, text: `${rest} ${kept}` };
}

/** `env("X")` without its `@`; undefined when this is something else. */
function oldCall(cursor: Cursor, callee: Value): Value | undefined {
  const { start } = callee;
  if (callee.kind !== "name") return undefined;
  if (isDenied(callee.name)) {
    // What stands in its parentheses is part of the program.
    const { message, help } = denial(callee.name);
    cursor.report("TSK_DENIED_OPERATOR", callee, message, { help });
    return unreadable(cursor, start);
  }
  const fix = { start, end: start, text: "@" };
  cursor.warn("TSK_OLD_CALL", callee, `${callee.name}(…) is called without @`, fix);
  return called(cursor, callee.name, start);
}

/** `@query("…").where("…")`: an operator of its own, which nobody knows until a host brings it. */
function callOnResult(cursor: Cursor, callee: Value): Value | undefined {
  const { start } = callee;
  if (callee.kind !== "member" || callee.object.kind !== "operator" || callee.key.kind !== "text")
    return undefined;
  const name = `${callee.object.name}.${callee.key.value}`;
  return called(cursor, name, start);
}

function called(cursor: Cursor, name: string, start: number): Value {
  const args = parseArguments(cursor, parseValue);
  if (args === undefined) return { kind: "missing", start, end: cursor.lastEnd };
  return { kind: "operator", name, args, start, end: cursor.lastEnd };
}

/** Kinds that are a key behind a dot, as they are in a path. */
const keys: ReadonlySet<number> = new Set([
  ...[kind.name, kind.word, kind.int, kind.float, kind.duration, kind.size, kind.range, kind.date],
]);

function dotted(cursor: Cursor, object: Value): Value {
  cursor.advance();
  const { start, end, word, kind: now } = cursor;
  const isText = now === kind.string || now === kind.raw;
  if (!cursor.glued || (!isText && !keys.has(now))) {
    cursor.report("TSK_KEY", { start, end }, "a key is expected after the dot");
    return unreadable(cursor, object.start);
  }
  if (isText) {
    const key: Value = { kind: "text", value: stringText(cursor, now, start, end), start, end };
    cursor.advance();
    return { kind: "member", object, key, start: object.start, end };
  }
  cursor.advance();
  // `list.0.1` scans as a float.
  let value = object;
  let at = start;
  for (const part of word.split(".")) {
    const span = { start: at, end: at + part.length };
    const key: Value = { kind: "text", value: part, ...span };
    value = { kind: "member", object: value, key, start: object.start, end: span.end };
    at = span.end + 1;
  }
  return value;
}

function indexed(cursor: Cursor, object: Value): Value {
  const open = { start: cursor.start, end: cursor.end };
  if (!cursor.enter(open)) return object;
  const key = enclosed(cursor, open, kind.closeBracket);
  cursor.leave();
  return { kind: "member", object, key, start: object.start, end: cursor.lastEnd };
}

/** A value between brackets, in which line ends are white space. */
function enclosed(cursor: Cursor, open: { start: number; end: number }, close: number): Value {
  const outside = cursor.free;
  cursor.free = true;
  cursor.advance();
  const value = parseValue(cursor);
  cursor.free = outside;
  if (!cursor.take(close)) {
    cursor.reportUnclosed(open);
    cursor.backToLineOf(open);
  }
  return value;
}

function call(cursor: Cursor, callee: Value): Value {
  const name = cursor.text.slice(callee.start, callee.end);
  if (/^[\p{L}_][\p{L}\d_.-]*$/u.test(name))
    cursor.report("TSK_CALL", callee, `${name}(…) is a call without @`, {
      help: `write @${name}(…), or quote text`,
    });
  else {
    // Of a value over many lines the end is where the mistake is.
    const place = name.includes("\n") ? { start: cursor.start, end: cursor.end } : callee;
    cursor.report("TSK_CALL", place, "a ( stands behind this value, which is no name and cannot be called", {
      help: "put a comma or a line end between them, or quote text",
    });
  }
  return unreadable(cursor, callee.start);
}
