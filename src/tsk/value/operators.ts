import { Secret } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import type { Argument, Operator } from "../syntax/tree.ts";
import { type Data, type Evaluated, typeName } from "./data.ts";
import { readScalar } from "./scalar.ts";

/**
 * What an expression gives: a value; an absence that `??` or a default may still heal; or undefined when it is broken
 * and reported already.
 */
export type Result = Evaluated | Absent | undefined;

/** No value, and why: reported unless somebody provides for it. */
export interface Absent {
  readonly absent: { readonly code: TskCode; readonly message: string; readonly help?: string };
  readonly node: Operator | { readonly start: number; readonly end: number };
}

/** What an operator may use while it runs. */
export interface OperatorCall {
  readonly node: Operator;
  /** Evaluates an argument when it is asked for, so that a branch not taken costs and reports nothing. */
  argument(name: string): Result;
  has(name: string): boolean;
  /** A variable of the environment, undefined when it is not set. */
  env(name: string): string | undefined;
  /** Reports a problem and gives the broken result. */
  fail(code: TskCode, message: string, help?: string): undefined;
  /** A value made by this operator. */
  give(data: Data, variable?: string): Evaluated;
}

/** An operator as data: a new one is a row. */
export interface OperatorRow {
  /** Names of its arguments in order; those after `required` may be left out. */
  readonly parameters: readonly string[];
  readonly required: number;
  /** True when what it gives, and the default written beside it, is a secret. */
  readonly secret?: true;
  readonly run: (call: OperatorCall) => Result;
}

/** Every operator of the language. */
export const operators: Readonly<Record<string, OperatorRow>> = {
  env: { parameters: ["name", "default"], required: 1, run: env },
  "env.secure": { parameters: ["name", "default"], required: 1, secret: true, run: secureEnv },
  if: { parameters: ["condition", "then", "otherwise"], required: 3, run: choose },
  int: { parameters: ["value"], required: 1, run: (call) => cast(call, "number", Number.isSafeInteger) },
  float: { parameters: ["value"], required: 1, run: (call) => cast(call, "number", Number.isFinite) },
  bool: { parameters: ["value"], required: 1, run: (call) => cast(call, "boolean") },
  duration: { parameters: ["value"], required: 1, run: (call) => cast(call, "duration") },
  size: { parameters: ["value"], required: 1, run: (call) => cast(call, "size") },
  string: { parameters: ["value"], required: 1, run: toText },
};

/** Operators of other dialects that run code, write, or read a request. They do not exist here, and never will. */
export const denied: ReadonlySet<string> = new Set(
  "shell exec eval php fujsen request session cookie user lambda".split(" "),
);

/** Pairs arguments with parameters; a sentence when they do not fit. */
export function bindArguments(row: OperatorRow, node: Operator): ReadonlyMap<string, Argument> | string {
  const bound = new Map<string, Argument>();
  for (const [index, argument] of (node.args ?? []).entries()) {
    const name = argument.name ?? row.parameters[index];
    if (name === undefined) return `@${node.name} takes at most ${row.parameters.length} arguments`;
    if (!row.parameters.includes(name))
      return `@${node.name} has no argument ${name}; it takes ${row.parameters.join(", ")}`;
    if (bound.has(name)) return `@${node.name} is given ${name} twice`;
    bound.set(name, argument);
  }
  const missing = row.parameters.slice(0, row.required).find((name) => !bound.has(name));
  return missing === undefined
    ? bound
    : `@${node.name} needs ${missing}: @${node.name}(${row.parameters.join(", ")})`;
}

/**
 * The text of a variable, or the default. Beside a default that is no text the variable is read as the default's
 * type; without one a schema may still convert it. An empty variable is set.
 */
function env(call: OperatorCall): Result {
  const name = variableName(call);
  if (name === undefined) return undefined;
  const text = call.env(name);
  if (text === undefined) return call.has("default") ? withVariable(call, name) : missing(call, name);
  const fallback = call.has("default") ? call.argument("default") : undefined;
  const type = fallback !== undefined && "data" in fallback ? typeName(fallback.data) : "text";
  if (type === "text" || type === "null") return call.give(text, name);
  if (type === "secret") return call.give(new Secret(text));
  const read = readScalar(text);
  if (read !== undefined && typeName(read) === type) return call.give(read);
  return call.fail("TSK_ENV_TYPE", `the environment variable ${name} is no ${type}, as its default is`);
}

function withVariable(call: OperatorCall, name: string): Result {
  const fallback = call.argument("default");
  if (fallback === undefined || "absent" in fallback) return fallback;
  return typeof fallback.data === "string" ? call.give(fallback.data, name) : fallback;
}

function secureEnv(call: OperatorCall): Result {
  const name = variableName(call);
  if (name === undefined) return undefined;
  const text = call.env(name);
  if (text !== undefined) return call.give(new Secret(text));
  if (!call.has("default")) return missing(call, name);
  const fallback = call.argument("default");
  if (fallback === undefined || "absent" in fallback) return fallback;
  if (fallback.data === null || fallback.data instanceof Secret) return fallback;
  if (typeof fallback.data === "string") return call.give(new Secret(fallback.data));
  return call.fail(
    "TSK_ARGUMENTS",
    `the default of @env.secure must be text, found ${typeName(fallback.data)}`,
  );
}

function variableName(call: OperatorCall): string | undefined {
  const name = call.argument("name");
  if (name === undefined) return undefined;
  if ("data" in name && typeof name.data === "string" && name.data !== "") return name.data;
  return call.fail("TSK_ARGUMENTS", `@${call.node.name} needs the name of a variable as text`);
}

function missing(call: OperatorCall, name: string): Absent {
  const message = `the environment variable ${name} is not set and has no default`;
  const help = `set ${name}, or write @${call.node.name}("${name}", default)`;
  return { absent: { code: "TSK_ENV_MISSING", message, help }, node: call.node };
}

function choose(call: OperatorCall): Result {
  const condition = call.argument("condition");
  if (condition === undefined || "absent" in condition) return condition;
  if (typeof condition.data === "boolean") return call.argument(condition.data ? "then" : "otherwise");
  return call.fail(
    "TSK_TYPE",
    `the condition of @if must be true or false, found ${typeName(condition.data)}`,
  );
}

type Castable = "number" | "boolean" | "duration" | "size";

function cast(call: OperatorCall, type: Castable, fits: (value: number) => boolean = () => true): Result {
  const value = call.argument("value");
  if (value === undefined || "absent" in value) return value;
  const data = typeof value.data === "string" ? readScalar(value.data.trim()) : value.data;
  if (data !== undefined && typeName(data) === type && (typeof data !== "number" || fits(data)))
    return call.give(data);
  const what = type === "number" ? (call.node.name === "int" ? "whole number" : "number") : type;
  return call.fail("TSK_TYPE", `@${call.node.name} cannot read this ${typeName(value.data)} as a ${what}`);
}

function toText(call: OperatorCall): Result {
  const value = call.argument("value");
  if (value === undefined || "absent" in value) return value;
  const text = scalarText(value.data);
  if (text !== undefined) return call.give(text);
  return call.fail("TSK_TYPE", `@string cannot write a ${typeName(value.data)} as text`);
}

/** How a value reads inside text; undefined for maps, lists and null. A secret stays one. */
export function scalarText(data: Data): string | Secret | undefined {
  if (typeof data === "string" || data instanceof Secret) return data;
  if (typeof data === "number" || typeof data === "boolean") return String(data);
  if (data === null || data.type === "map" || data.type === "list") return undefined;
  return data.type === "range" ? `${data.min}-${data.max}` : data.text;
}
