import { type Pattern, shapeOf } from "./pattern.ts";
import { type Choice, type Entry, entriesOf, type Matchable, type RouteProblem } from "./table.ts";

/** Bad patterns, and routes that no request can reach because others take all of theirs. */
export function routeProblems(routes: readonly Matchable[]): readonly RouteProblem[] {
  if (areApart(routes)) return [];
  const problems: RouteProblem[] = [];
  for (const [host, entries] of entriesOf(routes, problems)) problems.push(...shadowed(entries, host));
  return problems;
}

/** A path of plain letters, with a star at the end or none. */
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+(?:\/\*)?$/;

/** True for routes that cannot be in each other's way: each has a path of its own, and none a parameter. */
function areApart(routes: readonly Matchable[]): boolean {
  const paths = new Set<string>();
  for (const { path, methods } of routes) {
    if (paths.has(path) || (methods !== undefined && methods.length > 1) || !plainPath.test(path))
      return false;
    paths.add(path);
  }
  return true;
}

/**
 * Behind others that go first and take all of theirs: a prefix of the same literal beginning as a pattern, or a route of
 * the same path that asks for less.
 *
 * @param entries of one host, by shape
 */
function shadowed<R extends Matchable>(
  entries: ReadonlyMap<string, Entry<R>>,
  host: string,
): readonly RouteProblem[] {
  const problems: RouteProblem[] = [];
  for (const entry of entries.values()) {
    const prefix = entries.get(prefixOf(entry.pattern));
    // The pattern goes first where its literal beginning is longer; only one of the same is in its way.
    const first = prefix === entry ? undefined : prefix;
    const look = (choices: readonly Choice<R>[], method: string | undefined): void => {
      // Most routes are alone at their path.
      if (first === undefined && choices.length < 2) return;
      for (const [at, choice] of choices.entries()) {
        const earlier = [...takersOf(first, method), ...choices.slice(0, at)];
        const taker = earlier.find((one) => asksForLess(one.route, choice.route));
        if (taker !== undefined) problems.push(problemOf(choice, taker, method, host));
      }
    };
    entry.byMethod.forEach(look);
    look(entry.any, undefined);
  }
  return problems;
}

/** The shape of the prefix that stands before a pattern: its literal beginning and everything below. */
function prefixOf({ segments }: Pattern): string {
  const params = segments.findIndex(({ kind }) => kind === "param");
  return params < 0 ? "" : shapeOf({ segments: segments.slice(0, params), rest: true });
}

/** The routes of an entry that take requests of a method; undefined for every method. */
function takersOf<R extends Matchable>(
  entry: Entry<R> | undefined,
  method: string | undefined,
): readonly Choice<R>[] {
  if (entry === undefined) return [];
  if (method === undefined) return entry.any;
  const named = [
    ...(entry.byMethod.get(method) ?? []),
    ...(method === "HEAD" ? (entry.byMethod.get("GET") ?? []) : []),
  ];
  return method === "TRACE" || method === "CONNECT" ? named : [...named, ...entry.any];
}

/** True when every request that fits `other` fits `one`. */
function asksForLess(one: Matchable, other: Matchable): boolean {
  const fields = new Map(lowerCased(other.headers));
  return (
    lowerCased(one.headers).every(([name, want]) => coveredBy(want, fields.get(name))) &&
    Object.entries(one.query ?? {}).every(([name, want]) => coveredBy(want, other.query?.[name]))
  );
}

function coveredBy(want: string, other: string | undefined): boolean {
  return other !== undefined && (want === "*" || want === other);
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): (readonly [string, string])[] {
  return Object.entries(headers).map(([name, want]) => [name.toLowerCase(), want] as const);
}

function problemOf<R extends Matchable>(
  { route, index }: Choice<R>,
  taker: Choice<R>,
  method: string | undefined,
  host: string,
): RouteProblem {
  const what = method === undefined ? "" : `${method} of `;
  const where = host === "" ? "" : ` at host ${host}`;
  const why =
    taker.route.path === route.path
      ? "one that asks for less stands before it"
      : `"${taker.route.path}" takes all of it: a prefix goes before a pattern that begins alike`;
  return {
    path: route.path,
    index,
    kind: "shadowed",
    message: `${what}path "${route.path}"${where} is never reached: ${why}`,
  };
}
