import { comparePatterns, type Pattern, parsePattern, shapeOf } from "./pattern.ts";

/** What a table must know of a route; whatever else it holds comes back from `match`. */
export interface Matchable {
  /** As written in `[routes]`. */
  readonly path: string;
  /** Undefined means every method except CONNECT and TRACE. */
  readonly methods: readonly string[] | undefined;
}

/** The answer to one request. */
export type Match<R> =
  | { readonly kind: "route"; readonly route: R }
  /** The path is known, the method is not; these are, in a form fit for `Allow`. */
  | { readonly kind: "method"; readonly allow: readonly string[] }
  | { readonly kind: "none" };

/** A compiled routing table: immutable, swapped whole. */
export interface RouteTable<R> {
  /** @param path normalised by `parseTarget` */
  match(method: string, path: string): Match<R>;
}

/** Something wrong with a route that can be said before any request. */
export interface RouteProblem {
  readonly path: string;
  /** Position among the routes of one path. */
  readonly index: number;
  readonly kind: "pattern" | "duplicate";
  /** One sentence. */
  readonly message: string;
}

/** All routes of one shape. */
interface Entry<R> {
  /** Place in the order of precedence, 0 first. */
  order: number;
  readonly pattern: Pattern;
  readonly byMethod: Map<string, R>;
  /** The route for every other method. */
  any: R | undefined;
}

interface Node<R> {
  readonly literal: Map<string, Node<R>>;
  param: Node<R> | undefined;
  /** Paths that end here. */
  here: Entry<R> | undefined;
  /** Prefixes that begin here. */
  below: Entry<R> | undefined;
}

/**
 * Compiles routes into a tree of segments. Every route whose path matches is a candidate, the most specific first
 * (`comparePatterns`); the first that takes the method wins. Routes with problems are left out.
 */
export function compileTable<R extends Matchable>(routes: readonly R[]): RouteTable<R> {
  const root = node<R>();
  for (const [order, entry] of entriesOf(routes, []).entries()) {
    entry.order = order;
    plant(root, entry);
  }
  return { match: (method, path) => choose(candidates(root, path), method) };
}

/** Bad patterns, and routes that no request can reach because another of the same shape takes all of theirs. */
export function routeProblems(routes: readonly Matchable[]): readonly RouteProblem[] {
  const problems: RouteProblem[] = [];
  entriesOf(routes, problems);
  return problems;
}

function entriesOf<R extends Matchable>(routes: readonly R[], problems: RouteProblem[]): Entry<R>[] {
  const entries = new Map<string, Entry<R>>();
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
    const entry = entries.get(shape) ?? {
      order: 0,
      pattern: parsed.pattern,
      byMethod: new Map(),
      any: undefined,
    };
    entries.set(shape, entry);
    for (const message of addTo(entry, route))
      problems.push({ path: route.path, index, kind: "duplicate", message });
  }
  return [...entries.values()].sort((a, b) => comparePatterns(a.pattern, b.pattern));
}

function addTo<R extends Matchable>(entry: Entry<R>, route: R): string[] {
  if (route.methods === undefined) {
    if (entry.any !== undefined)
      return [`path "${route.path}" has a route for every method already, at "${entry.any.path}"`];
    entry.any = route;
    return [];
  }
  const problems: string[] = [];
  for (const method of route.methods) {
    const first = entry.byMethod.get(method);
    if (first === undefined) entry.byMethod.set(method, route);
    else
      problems.push(
        `${method} of path "${route.path}" has a route already, at "${first.path}"; the second would never be used`,
      );
  }
  return problems;
}

function plant<R>(root: Node<R>, entry: Entry<R>): void {
  let at = root;
  for (const segment of entry.pattern.segments) {
    if (segment.kind === "param") {
      at.param ??= node();
      at = at.param;
    } else {
      const next = at.literal.get(segment.text) ?? node<R>();
      at.literal.set(segment.text, next);
      at = next;
    }
  }
  if (entry.pattern.rest) at.below = entry;
  else at.here = entry;
}

/** Every entry whose path matches. Bounded by the size of the tree, however long the path is. */
function candidates<R>(root: Node<R>, path: string): Entry<R>[] {
  const segments = path.slice(1).split("/");
  const found: Entry<R>[] = [];
  const visit = (at: Node<R>, depth: number): void => {
    if (at.below !== undefined) found.push(at.below);
    const segment = segments[depth];
    if (segment === undefined) {
      if (at.here !== undefined) found.push(at.here);
      return;
    }
    const literal = at.literal.get(segment);
    if (literal !== undefined) visit(literal, depth + 1);
    if (at.param !== undefined && segment !== "") visit(at.param, depth + 1);
  };
  visit(root, 0);
  return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
}

function choose<R>(found: readonly Entry<R>[], method: string): Match<R> {
  if (found.length === 0) return { kind: "none" };
  for (const { byMethod, any } of found) {
    // RFC 9110 §9.3.2: HEAD is GET without the body, so it is allowed wherever GET is.
    const route =
      byMethod.get(method) ?? (method === "HEAD" ? byMethod.get("GET") : undefined) ?? forAny(any, method);
    if (route !== undefined) return { kind: "route", route };
  }
  const allow = new Set(found.flatMap(({ byMethod }) => [...byMethod.keys()]));
  if (allow.has("GET")) allow.add("HEAD");
  allow.add("OPTIONS");
  return { kind: "method", allow: [...allow] };
}

/** RFC 9110 §9.3.8: TRACE echoes fields, credentials among them, so it must be asked for by name. */
function forAny<R>(route: R | undefined, method: string): R | undefined {
  return method === "TRACE" || method === "CONNECT" ? undefined : route;
}

function node<R>(): Node<R> {
  return { literal: new Map(), param: undefined, here: undefined, below: undefined };
}
