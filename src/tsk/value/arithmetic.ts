import { formatDuration, Secret, targetText } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import type { BinaryOperator, Duration, Size } from "../syntax/tree.ts";
import { type Data, typeName } from "./data.ts";

/** What an operation gives: a value, or the code and sentence of what is wrong with its operands. */
export type Outcome = { readonly data: Data } | Fault;

export interface Fault {
  readonly code: TskCode;
  readonly message: string;
}

/** Operators whose both sides are always evaluated. */
export type Eager = Exclude<BinaryOperator, "||" | "&&" | "??">;

/**
 * Applies an operator. Strict about types: number with number, text with text, duration with duration, size with
 * size; a duration or size also times or by a number. Equality is asked of any two values of one type.
 */
export function calculate(operator: Eager, left: Data, right: Data): Outcome {
  if (operator === "==" || operator === "!=") return equality(operator, left, right);
  if (operator === "+" && isText(left) && isText(right)) return joined(left, right);
  if (typeof left === "string" && typeof right === "string") return compared(operator, left, right);
  const a = measured(left);
  const b = measured(right);
  if (a === undefined || b === undefined) return mismatch(operator, left, right);
  switch (operator) {
    case "<":
    case "<=":
    case ">":
    case ">=":
      return a.unit === b.unit
        ? { data: ordered(operator, a.amount, b.amount) }
        : mismatch(operator, left, right);
    case "+":
    case "-":
      if (a.unit !== b.unit) return mismatch(operator, left, right);
      return made(operator === "+" ? a.amount + b.amount : a.amount - b.amount, a.unit);
    case "*":
      if (a.unit !== "number" && b.unit !== "number") return mismatch(operator, left, right);
      return made(a.amount * b.amount, a.unit === "number" ? b.unit : a.unit);
    case "/":
      if (a.unit === b.unit) return made(a.amount / b.amount, "number");
      return b.unit === "number" ? made(a.amount / b.amount, a.unit) : mismatch(operator, left, right);
    case "%":
      return a.unit === b.unit ? made(a.amount % b.amount, a.unit) : mismatch(operator, left, right);
  }
}

/** `-value` */
export function negated(operand: Data): Outcome {
  const value = measured(operand);
  if (value === undefined)
    return { code: "TSK_TYPE", message: `- needs a number, found ${typeName(operand)}` };
  return made(-value.amount, value.unit);
}

type Unit = "number" | "duration" | "size";

function measured(data: Data): { amount: number; unit: Unit } | undefined {
  if (typeof data === "number") return { amount: data, unit: "number" };
  if (typeof data !== "object" || data === null || data instanceof Secret) return undefined;
  if (data.type === "duration") return { amount: data.ms, unit: "duration" };
  return data.type === "size" ? { amount: data.bytes, unit: "size" } : undefined;
}

function made(amount: number, unit: Unit): Outcome {
  if (!Number.isFinite(amount))
    return { code: "TSK_ARITHMETIC", message: "the calculation has no finite result" };
  if (unit === "number") return { data: amount };
  if (amount < 0) return { code: "TSK_ARITHMETIC", message: `a ${unit} cannot be less than zero` };
  return { data: unit === "duration" ? duration(amount) : size(amount) };
}

function duration(ms: number): Duration {
  return { type: "duration", ms, text: formatDuration(ms) };
}

function size(bytes: number): Size {
  const whole = Math.round(bytes);
  return { type: "size", bytes: whole, text: `${whole}B` };
}

function isText(data: Data): data is string | Secret {
  return typeof data === "string" || data instanceof Secret;
}

/** Text joined with a secret is a secret. */
function joined(left: string | Secret, right: string | Secret): Outcome {
  const text = plain(left) + plain(right);
  return { data: left instanceof Secret || right instanceof Secret ? new Secret(text) : text };
}

function plain(text: string | Secret): string {
  return text instanceof Secret ? text.reveal() : text;
}

function compared(operator: Eager, left: string, right: string): Outcome {
  if (operator === "<" || operator === "<=" || operator === ">" || operator === ">=")
    return { data: ordered(operator, left, right) };
  return mismatch(operator, left, right);
}

function ordered<T extends number | string>(operator: "<" | "<=" | ">" | ">=", a: T, b: T): boolean {
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

/** Null may be compared with anything; values of two types never are equal by accident, that is an error. */
function equality(operator: "==" | "!=", left: Data, right: Data): Outcome {
  const types = [typeName(left), typeName(right)];
  if (types.includes("secret"))
    return { code: "TSK_TYPE", message: "a secret is not compared: the answer would tell about it" };
  if (types[0] !== types[1] && !types.includes("null")) return mismatch(operator, left, right);
  return { data: same(left, right) === (operator === "==") };
}

/** True when two values of one type are equal. Two secrets never are: the answer would tell about them. */
export function same(left: Data, right: Data): boolean {
  const a = measured(left);
  const b = measured(right);
  if (a !== undefined && b !== undefined) return a.amount === b.amount && a.unit === b.unit;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return left === right;
  if (left instanceof Secret || right instanceof Secret) return false;
  if (left.type === "list" && right.type === "list")
    return (
      left.items.length === right.items.length &&
      left.items.every((item, index) => same(item.data, right.items[index]?.data ?? null))
    );
  if (left.type === "map" && right.type === "map")
    return (
      left.entries.size === right.entries.size &&
      [...left.entries].every(([key, entry]) => {
        const other = right.entries.get(key);
        return other !== undefined && same(entry.data, other.data);
      })
    );
  if (left.type === "range" && right.type === "range")
    return left.min === right.min && left.max === right.max;
  if (left.type === "service" && right.type === "service")
    return left.ref.port === right.ref.port && targetText(left.ref) === targetText(right.ref);
  return left.type === "date" && right.type === "date" && left.text === right.text;
}

function mismatch(operator: string, left: Data, right: Data): Fault {
  const message = `${operator} does not go with ${typeName(left)} and ${typeName(right)}`;
  return { code: "TSK_TYPE", message };
}
