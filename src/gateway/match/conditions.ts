import { type Facts, parameterOf } from "./facts.ts";
import { maxMatchedChars, wholeRegex } from "./safe-regex.ts";

/** What a route asks of fields and query; compiled once. Undefined when it asks nothing. */
export type Conditions = (facts: Facts) => boolean;

/** The conditions of a route as written: name → text, `*` or `~expression`. */
export interface WrittenConditions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
}

export function compileConditions({ headers, query }: WrittenConditions): Conditions | undefined {
  // Most routes ask nothing.
  if (headers === undefined && query === undefined) return undefined;
  return compiled(headers ?? {}, query ?? {});
}

function compiled(
  headers: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
): Conditions | undefined {
  const fields = Object.entries(headers).map(
    ([name, want]) => [name.toLowerCase(), matcherOf(want)] as const,
  );
  const parameters = Object.entries(query).map(([name, want]) => [name, matcherOf(want)] as const);
  if (fields.length === 0 && parameters.length === 0) return undefined;
  return (facts) =>
    fields.every(([name, fits]) => fits(facts.header(name))) &&
    parameters.every(([name, fits]) => fits(parameterOf(facts.query, name)));
}

/** How specific they are: the more is asked, the earlier a route is tried. Headers weigh before parameters. */
export function compareConditions(a: WrittenConditions, b: WrittenConditions): number {
  return sizeOf(b.headers) - sizeOf(a.headers) || sizeOf(b.query) - sizeOf(a.query);
}

/** Two routes with the same text here ask the same. */
export function conditionsText({ headers = {}, query = {} }: WrittenConditions): string {
  const lower = Object.entries(headers).map(([name, want]) => [name.toLowerCase(), want] as const);
  return JSON.stringify([lower.sort(byName), Object.entries(query).sort(byName)]);
}

/** True when every value that `other` takes is one that `want` takes, as far as that can be told of expressions. */
export function takesAllOf(want: string, other: string): boolean {
  if (want === "*" || want === other) return true;
  return want.startsWith("~") && other !== "*" && !other.startsWith("~") && matcherOf(want)(other);
}

function matcherOf(want: string): (value: string | undefined) => boolean {
  if (want === "*") return (value) => value !== undefined;
  if (!want.startsWith("~")) return (value) => value === want;
  const expression = wholeRegex(want.slice(1));
  return (value) => value !== undefined && value.length <= maxMatchedChars && expression.test(value);
}

function sizeOf(map: Readonly<Record<string, string>> | undefined): number {
  return Object.keys(map ?? {}).length;
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
