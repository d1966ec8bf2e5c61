import { safePattern } from "../pattern.ts";
import { type Expression, type Operator, parseFilter } from "./parse.ts";
import type { Shape } from "./shapes.ts";

type Test = (value: unknown) => boolean;
type Match = Extract<Expression, { kind: "match" }>;

/**
 * A filter over rows of a shape. Everything that can be wrong with it is found here, before the first row.
 *
 * @throws Error naming the selector or value that does not fit
 */
export function compileFilter(written: string, shape: Shape): Test {
  return compile(parseFilter(written), shape);
}

function compile(expression: Expression, shape: Shape): Test {
  switch (expression.kind) {
    case "and": {
      const [left, right] = [compile(expression.left, shape), compile(expression.right, shape)];
      return (row) => left(row) && right(row);
    }
    case "or": {
      const [left, right] = [compile(expression.left, shape), compile(expression.right, shape)];
      return (row) => left(row) || right(row);
    }
    case "not": {
      const inner = compile(expression.inner, shape);
      return (row) => !inner(row);
    }
    case "match":
      return descend(expression, shape, 0);
  }
}

/** From the row down to what the selector names. */
function descend(match: Match, shape: Shape, depth: number): Test {
  const name = match.selector[depth];
  if (typeof shape === "object" && "any" in shape && name !== undefined) {
    const inner = descend(match, shape.any, depth);
    return (value) => Array.isArray(value) && value.some(inner);
  }
  if (name === undefined) return leaf(match, shape);
  if (typeof shape === "string") throw invalid(match);
  if ("fields" in shape) {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (field === undefined) throw invalid(match);
    const inner = descend(match, field, depth + 1);
    return (value) => inner(own(value, name));
  }
  if (!("each" in shape)) throw invalid(match);
  const inner = descend(match, shape.each, depth + 1);
  // What is not there equals nothing, is empty, and is in nothing.
  const absent = match.operator === "empty" ? !match.negated : match.negated;
  return (value) => {
    const found = own(value, name);
    return found === undefined ? absent : inner(found);
  };
}

function leaf(match: Match, shape: Shape): Test {
  const test = positive(match, shape);
  return match.negated ? (value) => !test(value) : test;
}

function positive({ selector, operator, value }: Match, shape: Shape): Test {
  const refuse = (): Error =>
    new Error(`Invalid match operator "${words[operator]}" for selector "${selector.join(".")}"`);
  if (shape === "text") {
    if (operator === "empty") throw refuse();
    return overText(operator, value);
  }
  if (shape === "number" || shape === "flag") {
    if (operator !== "equal") throw refuse();
    const wanted = shape === "number" ? numberOf(value) : flagOf(value);
    return (found) => found === wanted;
  }
  if (operator === "empty") return (found) => sizeOf(found) === 0;
  if (operator !== "in") throw refuse();
  if (shape === "texts") return (found) => Array.isArray(found) && found.includes(value);
  if ("each" in shape) return (found) => own(found, value) !== undefined;
  throw refuse();
}

const words = { equal: "Equal", in: "In", empty: "Is Empty", matches: "Matches" } as const;

function overText(operator: Exclude<Operator, "empty">, value: string): Test {
  if (operator === "equal") return (found) => found === value;
  if (operator === "in") return (found) => typeof found === "string" && found.includes(value);
  const pattern = safePattern(value);
  if (pattern === undefined) {
    throw new Error(
      `the pattern "${value}" is more than text, ".", ".*", "^", "$" and "|", which is all that is taken here`,
    );
  }
  return (found) => typeof found === "string" && pattern.test(found);
}

function numberOf(value: string): number {
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
}

function flagOf(value: string): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw new Error(`strconv.ParseBool: parsing "${value}": invalid syntax`);
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

function invalid({ selector }: Match): Error {
  return new Error(`Selector "${selector.join(".")}" is not valid`);
}
