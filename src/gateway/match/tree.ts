import type { Pattern } from "./pattern.ts";

/** What hangs in a tree: it knows its pattern and its place in the order of precedence, 0 first. */
export interface Planted {
  readonly pattern: Pattern;
  order: number;
}

/** Patterns as a tree of segments. */
export interface Tree<T extends Planted> {
  plant(entry: T): void;
  /** Every entry whose path matches, the most specific first. Bounded by the tree, however long the path is. */
  find(path: string): readonly T[];
}

interface Node<T> {
  readonly literal: Map<string, Node<T>>;
  param: Node<T> | undefined;
  /** Paths that end here. */
  here: T | undefined;
  /** Prefixes that begin here. */
  below: T | undefined;
}

export function patternTree<T extends Planted>(): Tree<T> {
  const root = node<T>();
  return {
    plant(entry) {
      let at = root;
      for (const segment of entry.pattern.segments) {
        if (segment.kind === "param") {
          at.param ??= node();
          at = at.param;
        } else {
          const next = at.literal.get(segment.text) ?? node<T>();
          at.literal.set(segment.text, next);
          at = next;
        }
      }
      if (entry.pattern.rest) at.below = entry;
      else at.here = entry;
    },
    find(path) {
      const found: T[] = [];
      visit(root, path.slice(1).split("/"), 0, found);
      return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
    },
  };
}

function visit<T>(at: Node<T>, segments: readonly string[], depth: number, found: T[]): void {
  if (at.below !== undefined) found.push(at.below);
  const segment = segments[depth];
  if (segment === undefined) {
    if (at.here !== undefined) found.push(at.here);
    return;
  }
  const literal = at.literal.get(segment);
  if (literal !== undefined) visit(literal, segments, depth + 1, found);
  if (at.param !== undefined && segment !== "") visit(at.param, segments, depth + 1, found);
}

function node<T>(): Node<T> {
  return { literal: new Map(), param: undefined, here: undefined, below: undefined };
}
