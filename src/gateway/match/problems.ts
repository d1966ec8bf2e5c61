import { takesAllOf } from "./conditions.ts";
import { type Pattern, shapeOf } from "./pattern.ts";
import { type Choice, type Entry, entriesOf, type Matchable, type RouteProblem, treeOf } from "./table.ts";
import type { Tree } from "./tree.ts";

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
 * Behind others that go first and together take all of theirs. Conditions are only ever met or not, and methods and
 * segments without end: of all requests that reach a route there is one that meets as little as possible besides, with a
 * method nobody names and segments nobody writes. Whoever takes that one takes them all.
 *
 * @param entries of one host, by shape: whoever asks at a host that no other route names meets only these
 */
function shadowed<R extends Matchable>(
  entries: ReadonlyMap<string, Entry<R>>,
  host: string,
): readonly RouteProblem[] {
  const problems: RouteProblem[] = [];
  let made: Tree<Entry<R>> | undefined;
  for (const entry of entries.values()) {
    const beside = mayBeTaken(entry.pattern, entries);
    const look = (choices: readonly Choice<R>[], method: string | undefined): void => {
      // Most routes are alone at their path.
      if (!beside && choices.length < 2) return;
      for (const [at, choice] of choices.entries()) {
        const takes = (one: Choice<R>): boolean => asksForLess(one.route, choice.route);
        let takers: readonly Choice<R>[] = choices.slice(0, at).filter(takes).slice(0, 1);
        if (takers.length === 0 && beside) {
          made ??= treeOf(entries.values());
          takers = takersOfPath(made, entry, (other) => takersOf(other, method).find(takes));
        }
        if (takers.length > 0) problems.push(problemOf(choice, takers, method, host));
      }
    };
    entry.byMethod.forEach(look);
    look(entry.any, undefined);
  }
  return problems;
}

/**
 * Whether others can take paths of a pattern before it does: a prefix of the same literal beginning, or, where it ends in
 * a star, what ends where its star begins. All else goes behind it, or leaves a segment nobody writes.
 */
function mayBeTaken(pattern: Pattern, entries: ReadonlyMap<string, unknown>): boolean {
  const { segments, rest } = pattern;
  const params = segments.findIndex(({ kind }) => kind === "param");
  // Exact paths and prefixes go before all that could take them.
  if (params < 0) return false;
  if (rest && entries.has(shapeOf({ segments, rest: false }))) return true;
  return entries.has(shapeOf({ segments: segments.slice(0, params), rest: true }));
}

/** A segment that is in no pattern. */
const unwritten = "*";

/**
 * Those that together take every path of an entry before it does; none when they leave one.
 *
 * @param taker the route of another entry that takes what this one is for
 */
function takersOfPath<R extends Matchable>(
  tree: Tree<Entry<R>>,
  entry: Entry<R>,
  taker: (other: Entry<R>) => Choice<R> | undefined,
): readonly Choice<R>[] {
  const { segments, rest } = entry.pattern;
  const takers = new Set<Choice<R>>();
  const open = [segments.map((one) => (one.kind === "literal" ? one.text : unwritten))];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const found = tree.find(`/${path.join("/")}`).filter(({ order }) => order < entry.order);
    const all = found.flatMap((other) => {
      const choice = taker(other);
      return choice === undefined ? [] : [{ choice, below: other.pattern.rest }];
    });
    // Who takes everything below a path leaves nothing there.
    const whole = all.find(({ below }) => below) ?? all[0];
    if (whole === undefined) return [];
    takers.add(whole.choice);
    // A parameter takes no empty segment.
    if (rest && !whole.below) open.push([...path, unwritten], [...path, ""]);
  }
  return [...takers];
}

/** The routes of an entry that take requests of a method; undefined for every method. */
function takersOf<R extends Matchable>(entry: Entry<R>, method: string | undefined): readonly Choice<R>[] {
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
    lowerCased(one.headers).every(([name, want]) => isTaken(want, fields.get(name))) &&
    Object.entries(one.query ?? {}).every(([name, want]) => isTaken(want, other.query?.[name]))
  );
}

function isTaken(want: string, other: string | undefined): boolean {
  return other !== undefined && takesAllOf(want, other);
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): (readonly [string, string])[] {
  return Object.entries(headers).map(([name, want]) => [name.toLowerCase(), want] as const);
}

function problemOf<R extends Matchable>(
  { route, index }: Choice<R>,
  takers: readonly Choice<R>[],
  method: string | undefined,
  host: string,
): RouteProblem {
  const what = method === undefined ? "" : `${method} of `;
  const where = host === "" ? "" : ` at host ${host}`;
  return {
    path: route.path,
    index,
    kind: "shadowed",
    message: `${what}path "${route.path}"${where} is never reached: ${whyNever(route, takers)}`,
  };
}

function whyNever<R extends Matchable>({ path }: R, takers: readonly Choice<R>[]): string {
  const paths = [...new Set(takers.map(({ route }) => route.path))];
  const named = paths.map((one) => `"${one}"`).join(" and ");
  if (paths.length > 1) return `${named} together take all of it, and go before it`;
  if (paths[0] === path) return "one that asks for less stands before it";
  return `${named} takes all of it: a prefix goes before a pattern that begins alike`;
}
