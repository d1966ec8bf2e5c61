import { type SpanNode, type Trace, walk } from "../store/trace.ts";
import { cut, durationText, fit, type Ink, inkOf, type RenderOptions, safe } from "./ink.ts";
import { type Label, labelOf, shortLabel, wholeLabel } from "./label.ts";

const kindWidth = 8;
const durationWidth = 7;
const narrowest = 60;

/**
 * One trace as text: a head line, then one line per span with its place in the tree, service, name, whom a client
 * called, kind, a bar on the time line of the trace, and its duration; errors are marked with ✗ and their message stands below.
 *
 * @example process.stdout.write(renderWaterfall(trace, { width: 100, color: true }));
 */
export function renderWaterfall(trace: Trace, options: RenderOptions): string {
  const ink = inkOf(options.color);
  const width = Math.max(narrowest, options.width);
  const rows = rowsOf(trace.roots);
  const longest = rows.reduce((most, row) => Math.max(most, [...wholeLabel(row.label)].length), 0);
  const labelWidth = Math.min(longest, Math.floor(width * 0.5));
  const barWidth = width - labelWidth - kindWidth - durationWidth - 3;
  const lines = rows.flatMap((row) => {
    const { span, failed } = row.node;
    const name = ink.service(span.resource.service, fit(shortLabel(row.label, labelWidth), labelWidth));
    const bar = barOf(trace, span.startUs, span.durationUs, barWidth);
    const line = [
      name,
      ink.dim(fit(span.kind, kindWidth)),
      failed ? ink.red(bar) : bar,
      durationText(span.durationUs).padStart(durationWidth),
    ].join(" ");
    return failed ? [line, errorLine(row, ink, width)] : [line];
  });
  return `${[headOf(trace, ink, width), ...lines].join("\n")}\n`;
}

interface Row {
  readonly node: SpanNode;
  readonly label: Label;
  /** Tree lines of what stands below the label. */
  readonly below: string;
}

function headOf(trace: Trace, ink: Ink, width: number): string {
  const counts = [
    counted(trace.spanCount, "span"),
    counted(trace.services.length, "service"),
    ...(trace.errorCount > 0 ? [counted(trace.errorCount, "error")] : []),
    durationText(trace.durationUs),
    `${new Date(trace.startUs / 1000).toISOString().slice(0, 19)}Z`,
  ];
  const id = `trace ${trace.traceId}`;
  return `${ink.bold(id)}${ink.dim(cut(`  ${counts.join(", ")}`, width - id.length))}`;
}

function rowsOf(roots: readonly SpanNode[]): readonly Row[] {
  const rows: Row[] = [];
  // What each depth draws to its right: the trunk goes on while siblings follow.
  const trunks: string[] = [];
  const last = new Set<SpanNode>();
  for (const { node, depth } of walk(roots)) {
    const youngest = node.children.at(-1);
    if (youngest !== undefined) last.add(youngest);
    const isLast = last.has(node);
    const before = trunks.slice(1, depth).join("");
    const branch = depth === 0 ? "" : isLast ? "└─ " : "├─ ";
    trunks[depth] = depth === 0 ? "" : isLast ? "   " : "│  ";
    const own = before + (trunks[depth] ?? "");
    const { span } = node;
    const missing = node.orphan ? "⋯ " : "";
    rows.push({
      node,
      label: labelOf(`${before}${branch}${missing}`, span),
      below: own + (node.children.length > 0 ? "│  " : "   "),
    });
  }
  return rows;
}

function errorLine(row: Row, ink: Ink, width: number): string {
  const { status } = row.node.span;
  const message = status.code === "error" && status.message !== "" ? safe(status.message) : "failed";
  return `${ink.dim(row.below)}${ink.red(cut(`✗ ${message}`, width - [...row.below].length))}`;
}

/** Where the span lies in the trace, at least one column wide; clocks of two machines may put it partly outside. */
function barOf(trace: Trace, startUs: number, durationUs: number, width: number): string {
  const scale = trace.durationUs === 0 ? 0 : width / trace.durationUs;
  const from = Math.min(width - 1, Math.max(0, Math.floor((startUs - trace.startUs) * scale)));
  const to = Math.min(width, Math.max(from + 1, Math.round((startUs - trace.startUs + durationUs) * scale)));
  return `${" ".repeat(from)}${"━".repeat(to - from)}${" ".repeat(width - to)}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
