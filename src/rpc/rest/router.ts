import type { Method, Verb } from "../contract.ts";

/** Finds the method for a path. Immutable. */
export interface Router {
  /** @param path as received, without query */
  match(verb: string, path: string): Match;
}

export type Match =
  | { readonly kind: "method"; readonly method: Method; readonly params: Readonly<Record<string, string>> }
  /** The path exists, the verb does not. */
  | { readonly kind: "verb"; readonly allowed: readonly string[] }
  | { readonly kind: "none" }
  /** A parameter is not decodable (RFC 3986 §2.1). */
  | { readonly kind: "malformed" };

interface Node {
  readonly literals: Map<string, Node>;
  param: Node | undefined;
  readonly verbs: Map<Verb, Method>;
}

/** Literal segments win over parameters, from the left; a dead end falls back to the parameter. */
export function router(methods: readonly Method[]): Router {
  const root = node();
  for (const method of methods) {
    if (method.stream !== undefined) continue;
    let at = root;
    for (const segment of method.path.segments)
      at = segment.kind === "param" ? paramOf(at) : literalOf(at, segment.text);
    at.verbs.set(method.verb, method);
  }
  return {
    match(verb, path) {
      const segments = path === "/" ? [] : path.slice(1).split("/");
      const found = path.startsWith("/") ? find(root, segments, 0, verb) : undefined;
      if (found === undefined) return { kind: "none" };
      const method = methodFor(found, verb);
      return method === undefined ? { kind: "verb", allowed: allowed(found) } : bind(method, segments);
    },
  };
}

function node(): Node {
  return { literals: new Map(), param: undefined, verbs: new Map() };
}

function literalOf(parent: Node, text: string): Node {
  const next = parent.literals.get(text) ?? node();
  parent.literals.set(text, next);
  return next;
}

function paramOf(parent: Node): Node {
  parent.param ??= node();
  return parent.param;
}

/** The node of the path that knows the verb; else the first that knows the path at all. */
function find(at: Node, segments: readonly string[], depth: number, verb: string): Node | undefined {
  const segment = segments[depth];
  if (segment === undefined) return at.verbs.size > 0 ? at : undefined;
  const literal = at.literals.get(segment);
  const first = literal === undefined ? undefined : find(literal, segments, depth + 1, verb);
  if (first !== undefined && methodFor(first, verb) !== undefined) return first;
  const second =
    segment === "" || at.param === undefined ? undefined : find(at.param, segments, depth + 1, verb);
  if (second !== undefined && (first === undefined || methodFor(second, verb) !== undefined)) return second;
  return first;
}

/** RFC 9110 §9.3.2: HEAD is GET without the content. */
function methodFor(at: Node, verb: string): Method | undefined {
  return at.verbs.get((verb === "HEAD" ? "GET" : verb) as Verb);
}

function allowed(at: Node): string[] {
  const verbs: string[] = [...at.verbs.keys()];
  if (verbs.includes("GET")) verbs.push("HEAD");
  return [...verbs, "OPTIONS"];
}

function bind(method: Method, segments: readonly string[]): Match {
  const params: Record<string, string> = {};
  for (const [i, segment] of method.path.segments.entries()) {
    if (segment.kind !== "param") continue;
    try {
      params[segment.name] = decodeURIComponent(segments[i] ?? "");
    } catch {
      return { kind: "malformed" };
    }
  }
  return { kind: "method", method, params };
}
