import type { SpanNodeView, TraceView } from "../src/control/api.ts";

/** One line of a waterfall. */
export interface SpanRow {
  readonly node: SpanNodeView;
  readonly depth: number;
  /** Its place among the children of its parent, from 1, and how many there are. */
  readonly place: number;
  readonly siblings: number;
  readonly folded: boolean;
}

/** The tree as lines, parents before children, without what is below a folded span. */
export function spanRows(trace: TraceView, folded: ReadonlySet<string>): readonly SpanRow[] {
  const rows: SpanRow[] = [];
  const open: SpanRow[] = [];
  // A list in place of recursion: a trace may be thousands of spans deep.
  const push = (nodes: readonly SpanNodeView[], depth: number): void => {
    for (let at = nodes.length - 1; at >= 0; at--) {
      const node = nodes[at];
      if (node === undefined) continue;
      const isFolded = node.children.length > 0 && folded.has(node.span.spanId);
      open.push({ node, depth, place: at + 1, siblings: nodes.length, folded: isFolded });
    }
  };
  push(trace.roots, 0);
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    rows.push(row);
    if (!row.folded) push(row.node.children, row.depth + 1);
  }
  return rows;
}

/** The line that stands for the parent of another: the nearest above it that is less deep. */
export function parentRow(rows: readonly SpanRow[], at: number): number | undefined {
  const depth = rows[at]?.depth ?? 0;
  for (let above = at - 1; above >= 0; above--) if ((rows[above]?.depth ?? 0) < depth) return above;
  return undefined;
}

/** Round moments to mark on a time axis, from 0, at most `most` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(durationUs: number, most: number = 5): readonly number[] {
  if (durationUs <= 0) return [0];
  const least = durationUs / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5, 10].find((times) => times * power >= least) ?? 10) * power;
  return Array.from({ length: Math.floor(durationUs / step) + 1 }, (_, at) => at * step);
}
