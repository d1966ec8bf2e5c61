/** How often one service called another, by the traces that are stored. */
export interface Dependency {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  readonly errors: number;
}

/** Counts per edge, kept while spans come and go. */
export class DependencyCounts {
  readonly #edges = new Map<string, Map<string, { calls: number; errors: number }>>();

  add(caller: string, callee: string, calls: number, errors: number): void {
    let callees = this.#edges.get(caller);
    if (callees === undefined) {
      callees = new Map();
      this.#edges.set(caller, callees);
    }
    const edge = callees.get(callee) ?? { calls: 0, errors: 0 };
    edge.calls += calls;
    edge.errors += errors;
    if (edge.calls > 0) callees.set(callee, edge);
    else callees.delete(callee);
    if (callees.size === 0) this.#edges.delete(caller);
  }

  addAll(other: DependencyCounts): void {
    for (const { caller, callee, calls, errors } of other.list()) this.add(caller, callee, calls, errors);
  }

  subtractAll(other: DependencyCounts): void {
    for (const { caller, callee, calls, errors } of other.list()) this.add(caller, callee, -calls, -errors);
  }

  /** Sorted by caller, then callee. */
  list(): Dependency[] {
    const list: Dependency[] = [];
    for (const [caller, callees] of this.#edges)
      for (const [callee, { calls, errors }] of callees) list.push({ caller, callee, calls, errors });
    return list.sort((a, b) => order(a.caller, b.caller) || order(a.callee, b.callee));
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
