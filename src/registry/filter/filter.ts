import { messageOf } from "../../kernel/index.ts";
import { compilePattern, type Pattern } from "../pattern/pattern.ts";
import { booleanOf } from "../wire/boolean.ts";
import { type Expression, type Operator, parseFilter } from "./parse.ts";
import type { Shape } from "./shapes.ts";

type Test = (value: unknown) => boolean;
type Match = Extract<Expression, { kind: "match" }>;
type Members = Extract<Expression, { kind: "some" | "every" }>;

/** What names stand for within `any … as …`: their shapes, and while a row is looked at their values. */
type Names = ReadonlyMap<string, Named>;

interface Named {
  readonly shape: Shape;
  value: unknown;
}

const noNames: Names = new Map();

/**
 * A filter over rows of a shape. Everything that can be wrong with it is found here, before the first row.
 *
 * @throws Error naming the selector or value that does not fit
 */
export function compileFilter(written: string, shape: Shape): Test {
  return compile(parseFilter(written), shape, noNames);
}

function compile(expression: Expression, shape: Shape, names: Names): Test {
  switch (expression.kind) {
    case "and": {
      const [left, right] = [expression.left, expression.right].map((one) => compile(one, shape, names));
      return (row) => left?.(row) === true && right?.(row) === true;
    }
    case "or": {
      const [left, right] = [expression.left, expression.right].map((one) => compile(one, shape, names));
      return (row) => left?.(row) === true || right?.(row) === true;
    }
    case "not": {
      const inner = compile(expression.inner, shape, names);
      return (row) => !inner(row);
    }
    case "some":
    case "every":
      return members(expression, shape, names);
    case "match": {
      const named = names.get(expression.selector[0] ?? "");
      if (named === undefined) return descend(expression, shape, 0);
      const test = descend(expression, named.shape, 1);
      return () => test(named.value);
    }
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
  const absent = match.operator === "empty" || match.operator === "nil" ? !match.negated : match.negated;
  return (value) => {
    const found = own(value, name);
    return found === undefined ? absent : inner(found);
  };
}

/** Whether something holds for one, or for each, of the members of a list or a map. */
function members({ kind, selector, names: called, inner }: Members, shape: Shape, names: Names): Test {
  const named = names.get(selector[0] ?? "");
  const found = reached(selector, named?.shape ?? shape, named === undefined ? 0 : 1);
  const [first, second] = called;
  // One name is that of a value in a list, and of a key in a map.
  const [key, value] = second === undefined && found.keys === "number" ? [undefined, first] : [first, second];
  const keys: Named = { shape: found.keys, value: undefined };
  const values: Named = { shape: found.values, value: undefined };
  const inside = new Map([...names]);
  if (key !== undefined) inside.set(key, keys);
  if (value !== undefined) inside.set(value, values);
  inside.delete("_");
  const test = compile(inner, shape, inside);
  return (row) => {
    const whole = found.read(named === undefined ? row : named.value);
    const entries = typeof whole === "object" && whole !== null ? Object.entries(whole) : [];
    const holds = ([at, one]: [string, unknown]): boolean => {
      keys.value = found.keys === "number" ? Number(at) : at;
      values.value = one;
      return test(row);
    };
    return kind === "some" ? entries.some(holds) : entries.every(holds);
  };
}

interface Reached {
  readonly keys: "number" | "text";
  readonly values: Shape;
  readonly read: (root: unknown) => unknown;
}

/** The list or map that a selector names. @throws Error when it names something else */
function reached(selector: readonly string[], root: Shape, depth: number): Reached {
  let shape = root;
  const path = selector.slice(depth);
  for (const name of path) {
    if (typeof shape === "string") throw invalid({ selector });
    const next: Shape | undefined =
      "fields" in shape
        ? Object.hasOwn(shape.fields, name)
          ? shape.fields[name]
          : undefined
        : "each" in shape
          ? shape.each
          : undefined;
    if (next === undefined) throw invalid({ selector });
    shape = next;
  }
  const read = (from: unknown): unknown => path.reduce((value, name) => own(value, name), from);
  if (shape === "texts") return { keys: "number", values: "text", read };
  if (typeof shape === "object" && "any" in shape) return { keys: "number", values: shape.any, read };
  if (typeof shape === "object" && "each" in shape) return { keys: "text", values: shape.each, read };
  throw new Error(`Selector "${selector.join(".")}" names no list and no map`);
}

function leaf(match: Match, shape: Shape): Test {
  const test = positive(match, shape);
  return match.negated ? (value) => !test(value) : test;
}

function positive({ selector, operator, value }: Match, shape: Shape): Test {
  const refuse = (): Error =>
    new Error(`Invalid match operator "${words[operator]}" for selector "${selector.join(".")}"`);
  if (shape === "text") {
    if (operator === "empty" || operator === "nil") throw refuse();
    return overText(operator, value);
  }
  if (shape === "number" || shape === "flag") {
    if (operator !== "equal") throw refuse();
    const wanted = coerced<number | boolean>(selector, value, shape === "number" ? numberOf : flagOf);
    // What a row leaves out is what Go calls its zero.
    const absent = shape === "number" ? 0 : false;
    return (found) => (found ?? absent) === wanted;
  }
  if (operator === "empty") return (found) => sizeOf(found) === 0;
  if (operator === "nil") return (found) => found === null || found === undefined;
  if (operator !== "in") throw refuse();
  if (shape === "texts") return (found) => Array.isArray(found) && found.includes(value);
  if ("each" in shape) return (found) => own(found, value) !== undefined;
  throw refuse();
}

const words = { equal: "Equal", in: "In", empty: "Is Empty", nil: "Is Nil", matches: "Matches" } as const;

function overText(operator: Exclude<Operator, "empty" | "nil">, value: string): Test {
  if (operator === "equal") return (found) => (found ?? "") === value;
  if (operator === "in") return (found) => textOf(found).includes(value);
  const pattern = patternOf(value);
  return (found) => pattern.test(textOf(found));
}

function patternOf(value: string): Pattern {
  try {
    return compilePattern(value);
  } catch (error) {
    throw new Error(`Failed to compile regular expression ${JSON.stringify(value)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function textOf(found: unknown): string {
  return typeof found === "string" ? found : "";
}

/** @throws Error in the words of the wire */
function coerced<T>(selector: readonly string[], value: string, read: (value: string) => T): T {
  try {
    return read(value);
  } catch (error) {
    const what = `Failed to coerce value "${value}" for selector "${selector.join(".")}"`;
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error });
  }
}

function numberOf(value: string): number {
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(value)) return Number(value);
  throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
}

function flagOf(value: string): boolean {
  const read = booleanOf(value);
  if (read !== undefined) return read;
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

function invalid({ selector }: Pick<Match, "selector">): Error {
  return new Error(`Selector "${selector.join(".")}" is not valid`);
}
