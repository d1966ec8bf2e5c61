import { type Conditions, compareConditions, compileConditions, conditionsText } from "./conditions.ts";
import { type Facts, hostOf, noFacts } from "./facts.ts";
import { comparePatterns, type Pattern, parsePattern, shapeOf } from "./pattern.ts";
import { patternTree, type Tree } from "./tree.ts";

/** What a table must know of a route; whatever else it holds comes back from `match`. */
export interface Matchable {
  /** As written in `[routes]`. */
  readonly path: string;
  /** Undefined means every method except CONNECT and TRACE. */
  readonly methods: readonly string[] | undefined;
  /** In lower case, `*.` at the beginning for all below; undefined means every host. */
  readonly hosts?: readonly string[] | undefined;
  /** Name → what it must be; see `compileConditions`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
}

/** The answer to one request. */
export type Match<R> =
  | { readonly kind: "route"; readonly route: R }
  /** The path is known, the method is not; these are, in a form fit for `Allow`. */
  | { readonly kind: "method"; readonly allow: readonly string[] }
  | { readonly kind: "none" };

/** A compiled routing table: immutable, swapped whole. */
export interface RouteTable<R> {
  /**
   * @param path normalised by `parseTarget`
   * @param facts host, query and fields; without them only routes that ask for none of these are found
   */
  match(method: string, path: string, facts?: Facts): Match<R>;
}

/** Something wrong with a route that can be said before any request. */
export interface RouteProblem {
  readonly path: string;
  /** Position among the routes of one path. */
  readonly index: number;
  readonly kind: "pattern" | "duplicate" | "shadowed";
  /** One sentence. */
  readonly message: string;
}

/** The routes of one shape under one host that ask the same of method and conditions. */
export interface Choice<R> {
  readonly route: R;
  /** Position among the routes of its path. */
  readonly index: number;
  readonly fits: Conditions | undefined;
}

/** All routes of one shape under one host. */
export interface Entry<R> {
  order: number;
  readonly pattern: Pattern;
  /** The more is asked, the earlier. */
  readonly byMethod: Map<string, Choice<R>[]>;
  /** For every other method. */
  readonly any: Choice<R>[];
}

/** The trees, by host as written; "" for routes of every host. */
type Hosts<R> = ReadonlyMap<string, Tree<Entry<R>>>;

/**
 * Compiles routes. Precedence as in the Gateway API: the exact host, then the longest wildcard, then none; under a host
 * the most specific path (`comparePatterns`); there the method before all methods, the more fields before fewer, the
 * more parameters before fewer, the file's order last. Routes with problems are left out.
 */
export function compileTable<R extends Matchable>(routes: readonly R[]): RouteTable<R> {
  const hosts: Hosts<R> = new Map(
    [...entriesOf(routes, [])].map(([host, entries]) => [host, treeOf(entries.values())]),
  );
  const ofEveryHost = hosts.get("");
  // Most tables name no host: then there is nothing to look up.
  const bare = [...hosts.keys()].every((host) => host === "");
  return {
    match(method, path, facts = noFacts) {
      if (bare) return choose(ofEveryHost?.find(path) ?? [], method, facts);
      return choose(
        treesFor(hosts, hostOf(facts)).flatMap((tree) => tree.find(path)),
        method,
        facts,
      );
    },
  };
}

/**
 * The routes by host and shape.
 *
 * @param problems takes bad patterns, and routes that ask for the very same as another
 */
export function entriesOf<R extends Matchable>(
  routes: readonly R[],
  problems: RouteProblem[],
): Map<string, Map<string, Entry<R>>> {
  const hosts = new Map<string, Map<string, Entry<R>>>();
  const seen = new Map<string, number>();
  for (const route of routes) {
    const index = seen.get(route.path) ?? 0;
    seen.set(route.path, index + 1);
    const parsed = parsePattern(route.path);
    if (!parsed.ok) {
      problems.push({
        path: route.path,
        index,
        kind: "pattern",
        message: `path "${route.path}" ${parsed.problem}`,
      });
      continue;
    }
    const shape = shapeOf(parsed.pattern);
    for (const host of route.hosts ?? everyHost) {
      const entries = hosts.get(host) ?? new Map<string, Entry<R>>();
      if (entries.size === 0) hosts.set(host, entries);
      const known = entries.get(shape);
      const entry = known ?? { order: 0, pattern: parsed.pattern, byMethod: new Map(), any: [] };
      if (known === undefined) entries.set(shape, entry);
      for (const message of addTo(entry, route, index, host))
        problems.push({ path: route.path, index, kind: "duplicate", message });
    }
  }
  return hosts;
}

/** The entries of one host, in their order of precedence. */
export function treeOf<R extends Matchable>(entries: Iterable<Entry<R>>): Tree<Entry<R>> {
  const tree = patternTree<Entry<R>>();
  const sorted = [...entries].sort((a, b) => comparePatterns(a.pattern, b.pattern));
  for (const [order, entry] of sorted.entries()) {
    entry.order = order;
    tree.plant(entry);
  }
  return tree;
}

const everyHost: readonly string[] = [""];

function addTo<R extends Matchable>(entry: Entry<R>, route: R, index: number, host: string): string[] {
  const choice: Choice<R> = { route, index, fits: compileConditions(route) };
  if (route.methods === undefined) {
    const first = place(entry.any, choice);
    if (first === undefined) return [];
    const where = whereOf(route, host);
    return [`path "${route.path}" has a route for every method already${where}, at "${first.path}"`];
  }
  const problems: string[] = [];
  for (const method of route.methods) {
    const choices = entry.byMethod.get(method);
    const first = choices === undefined ? undefined : place(choices, choice);
    if (choices === undefined) entry.byMethod.set(method, [choice]);
    else if (first !== undefined)
      problems.push(
        `${method} of path "${route.path}" has a route already${whereOf(route, host)}, at "${first.path}"; the second would never be used`,
      );
  }
  return problems;
}

/** What tells one route of a path from another, for messages. */
function whereOf(route: Matchable, host: string): string {
  const conditions = Object.keys({ ...route.headers, ...route.query });
  const asking = conditions.length === 0 ? "" : ` that asks for the same ${conditions.join(", ")}`;
  return `${asking}${host === "" ? "" : ` at host ${host}`}`;
}

/** Puts a choice where it belongs; gives back the route that asks the very same, if there is one. */
function place<R extends Matchable>(choices: Choice<R>[], choice: Choice<R>): R | undefined {
  if (choices.length === 0) {
    choices.push(choice);
    return undefined;
  }
  const text = conditionsText(choice.route);
  const same = choices.find(({ route }) => conditionsText(route) === text);
  if (same !== undefined) return same.route;
  const at = choices.findIndex(({ route }) => compareConditions(choice.route, route) < 0);
  choices.splice(at < 0 ? choices.length : at, 0, choice);
  return undefined;
}

/** The trees a host has to do with, the most specific first. */
function treesFor<R>(hosts: Hosts<R>, host: string | undefined): Tree<Entry<R>>[] {
  const trees: Tree<Entry<R>>[] = [];
  const add = (name: string): void => {
    const tree = hosts.get(name);
    if (tree !== undefined) trees.push(tree);
  };
  if (host !== undefined && host !== "") {
    add(host);
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) add(`*${host.slice(dot)}`);
  }
  add("");
  return trees;
}

function choose<R>(found: readonly Entry<R>[], method: string, facts: Facts): Match<R> {
  if (found.length === 0) return { kind: "none" };
  for (const { byMethod, any } of found) {
    // RFC 9110 §9.3.2: HEAD is GET without the body, so it is allowed wherever GET is.
    const route =
      fitting(byMethod.get(method), facts) ??
      (method === "HEAD" ? fitting(byMethod.get("GET"), facts) : undefined) ??
      // RFC 9110 §9.3.8: TRACE echoes fields, credentials among them, so it must be asked for by name.
      (method === "TRACE" || method === "CONNECT" ? undefined : fitting(any, facts));
    if (route !== undefined) return { kind: "route", route };
  }
  const allow = new Set<string>();
  for (const { byMethod } of found)
    for (const [name, choices] of byMethod) if (fitting(choices, facts) !== undefined) allow.add(name);
  // A route for every method, whose method this is not: it was TRACE.
  if (found.some(({ any }) => fitting(any, facts) !== undefined)) for (const name of usual) allow.add(name);
  if (allow.size === 0) return { kind: "none" };
  if (allow.has("GET")) allow.add("HEAD");
  allow.add("OPTIONS");
  return { kind: "method", allow: [...allow] };
}

/** What a route for every method takes, as far as `Allow` can say it. */
const usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

function fitting<R>(choices: readonly Choice<R>[] | undefined, facts: Facts): R | undefined {
  if (choices === undefined) return undefined;
  for (const { route, fits } of choices) if (fits === undefined || fits(facts)) return route;
  return undefined;
}
