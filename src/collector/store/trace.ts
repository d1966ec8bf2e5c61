import type { SpanData } from "../../telemetry/index.ts";
import { isRefusedCall } from "./failure.ts";

/** One trace as a tree. Plain data. */
export interface Trace {
  readonly traceId: string;
  /** No span will be added any more: the first one came longer ago than `max_trace_duration`. */
  readonly complete: boolean;
  /** Microseconds since the Unix epoch, of the earliest span. */
  readonly startUs: number;
  /** From the earliest start to the latest end, microseconds. */
  readonly durationUs: number;
  readonly spanCount: number;
  /** Spans that failed. */
  readonly errorCount: number;
  /** In order of appearance. */
  readonly services: readonly string[];
  /** Spans without a parent first, then orphans; each by start time. */
  readonly roots: readonly SpanNode[];
}

export interface SpanNode {
  readonly span: SpanData;
  /** True when the span names a parent that never arrived; it then stands among the roots. */
  readonly orphan: boolean;
  /** True when its status is an error, unless it is a call that the server only refused (`isRefusedCall`). */
  readonly failed: boolean;
  /** By start time. */
  readonly children: readonly SpanNode[];
}

/** Marks the server half of a span that Zipkin clients and servers share; its value is the shared id. */
export const sharedSpanAttribute = "tusker.shared_span_id";

/**
 * Builds the tree of spans that belong to one trace. Every span appears exactly once: parents are the ones the spans
 * name, a span whose parent is missing is an orphan, and spans that name each other in a circle begin at the
 * earliest of them.
 */
export function buildTrace(traceId: string, spans: readonly SpanData[], complete: boolean): Trace {
  const ordered = [...spans].sort((a, b) => a.startUs - b.startUs || compare(a.spanId, b.spanId));
  const parentOf = parentResolver(ordered);
  const nodes = new Map(ordered.map((span) => [span.spanId, nodeOf(span)]));
  const parents = new Map<MutableNode, MutableNode>();
  const roots: MutableNode[] = [];
  const orphans: MutableNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(parentOf(node.span) ?? "");
    if (parent !== undefined) {
      parent.children.push(node);
      parents.set(node, parent);
    } else if (node.span.parentSpanId === undefined) roots.push(node);
    else orphans.push(asOrphan(node));
  }
  orphans.push(...cutCircles(parents, [...roots, ...orphans]));
  let errorCount = 0;
  for (const node of nodes.values()) {
    node.failed =
      node.span.status.code === "error" &&
      !node.children.some((child) => isRefusedCall(node.span, child.span));
    if (node.failed) errorCount++;
  }
  const startUs = ordered[0]?.startUs ?? 0;
  const endUs = ordered.reduce((end, span) => Math.max(end, span.startUs + span.durationUs), startUs);
  return {
    traceId,
    complete,
    startUs,
    durationUs: endUs - startUs,
    spanCount: ordered.length,
    errorCount,
    services: [...new Set(ordered.map((span) => span.resource.service))],
    roots: [...roots, ...orphans],
  };
}

/** Nodes and everything below them, parents before children, with their depth. */
export function* walk<Node extends { readonly children: readonly Node[] }>(
  nodes: readonly Node[],
): Generator<{ readonly node: Node; readonly depth: number }> {
  // A list in place of recursion: a trace may be thousands of spans deep.
  const open = nodes.map((node) => ({ node, depth: 0 })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next;
    for (const child of next.node.children.toReversed()) open.push({ node: child, depth: next.depth + 1 });
  }
}

interface MutableNode {
  readonly span: SpanData;
  orphan: boolean;
  failed: boolean;
  readonly children: MutableNode[];
}

type Parents = Map<MutableNode, MutableNode>;

/**
 * The parent that a span means. Zipkin's older clients give the two halves of a call one id; the server half has got
 * an id of its own here, and what its service did below the shared id belongs under it.
 */
function parentResolver(spans: readonly SpanData[]): (span: SpanData) => string | undefined {
  const halves = new Map<string, string>();
  for (const span of spans) {
    const shared = span.attributes[sharedSpanAttribute];
    if (typeof shared === "string") halves.set(`${shared} ${span.resource.service}`, span.spanId);
  }
  if (halves.size === 0) return (span) => span.parentSpanId;
  return (span) => {
    const half = halves.get(`${span.parentSpanId} ${span.resource.service}`);
    return half === undefined || half === span.spanId ? span.parentSpanId : half;
  };
}

/** Nodes that no root leads to hang on a circle of parents; each circle is cut open at its earliest span. */
function cutCircles(parents: Parents, roots: readonly MutableNode[]): readonly MutableNode[] {
  const reached = new Set<MutableNode>();
  const reach = (from: MutableNode): void => {
    for (const { node } of walk<MutableNode>([from])) reached.add(node);
  };
  roots.forEach(reach);
  const cut: MutableNode[] = [];
  for (const node of parents.keys()) {
    if (reached.has(node)) continue;
    const first = earliestOfCircle(node, parents);
    const siblings = parents.get(first)?.children ?? [];
    siblings.splice(siblings.indexOf(first), 1);
    parents.delete(first);
    cut.push(asOrphan(first));
    reach(first);
  }
  return cut;
}

/** @param node a node whose chain of parents never ends */
function earliestOfCircle(node: MutableNode, parents: Parents): MutableNode {
  const seen = new Set<MutableNode>();
  let at = node;
  for (; !seen.has(at); at = parents.get(at) ?? at) seen.add(at);
  let first = at;
  for (let other = parents.get(at) ?? at; other !== at; other = parents.get(other) ?? at)
    if (other.span.startUs < first.span.startUs) first = other;
  return first;
}

function asOrphan(node: MutableNode): MutableNode {
  node.orphan = true;
  return node;
}

function nodeOf(span: SpanData): MutableNode {
  return { span, orphan: false, failed: false, children: [] };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
