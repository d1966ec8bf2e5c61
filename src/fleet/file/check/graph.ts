/** What depends on what, by name. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * The names in start order: each level only needs names of the levels before it.
 * A name that is only depended on (an external) stands in no level.
 *
 * @returns levels, or the cycle as a path whose first and last names are the same
 */
export function startOrder(
  graph: Graph,
): { readonly levels: readonly (readonly string[])[] } | { readonly cycle: readonly string[] } {
  const cycle = findCycle(graph);
  if (cycle !== undefined) return { cycle };
  const depth = new Map<string, number>();
  const depthOf = (name: string): number => {
    const known = depth.get(name);
    if (known !== undefined) return known;
    const below = (graph.get(name) ?? []).filter((dependency) => graph.has(dependency));
    const own = below.length === 0 ? 0 : 1 + Math.max(...below.map(depthOf));
    depth.set(name, own);
    return own;
  };
  const levels: string[][] = [];
  for (const name of graph.keys()) {
    const at = depthOf(name);
    const level = levels[at];
    if (level === undefined) levels[at] = [name];
    else level.push(name);
  }
  return { levels };
}

/** A cycle as a path whose first and last names are the same; undefined when there is none. */
export function findCycle(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): readonly string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    if (done.has(name)) return undefined;
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const cycle = visit(name);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
