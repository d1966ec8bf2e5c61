import type { SpanData } from "../../telemetry/index.ts";
import { DependencyCounts } from "./dependencies.ts";
import { isRefusedCall } from "./failure.ts";
import { sizeOfSpan } from "./size.ts";

/** All spans of one trace that have arrived, with the sums a list of traces needs. */
export class TraceEntry {
  readonly traceId: string;
  /** `clock.now()` when the first span arrived. */
  readonly firstSeenMs: number;
  readonly spans = new Map<string, SpanData>();
  readonly services = new Map<string, number>();
  readonly edges = new DependencyCounts();
  readonly #entered = new Map<string, SpanData[]>();
  /** Ids of client spans whose error is only a refusal. */
  readonly #refused = new Set<string>();
  bytes = 0;
  /** Spans that failed; a call that was only refused did not. */
  errors = 0;
  startUs = Number.POSITIVE_INFINITY;
  endUs = Number.NEGATIVE_INFINITY;
  root: SpanData | undefined;

  constructor(traceId: string, firstSeenMs: number) {
    this.traceId = traceId;
    this.firstSeenMs = firstSeenMs;
  }

  /** Takes a span that is not here yet. `onEdge` hears of each call between services that became known by it. */
  add(span: SpanData, onEdge: (caller: string, callee: string, errors: number) => void): void {
    const { service } = span.resource;
    this.spans.set(span.spanId, span);
    this.services.set(service, (this.services.get(service) ?? 0) + 1);
    this.bytes += sizeOfSpan(span);
    this.startUs = Math.min(this.startUs, span.startUs);
    this.endUs = Math.max(this.endUs, span.startUs + span.durationUs);
    if (span.status.code === "error") this.errors++;
    if (isBetterRoot(span, this.root)) this.root = span;
    this.#connect(span, onEdge);
  }

  /** Who took part, in the order in which they began: as the request went, not as spans arrived. */
  servicesByStart(): readonly { readonly service: string; readonly spanCount: number }[] {
    const starts = new Map<string, number>();
    for (const { resource, startUs } of this.spans.values())
      starts.set(resource.service, Math.min(startUs, starts.get(resource.service) ?? startUs));
    return [...starts]
      .sort(([, a], [, b]) => a - b)
      .map(([service]) => ({ service, spanCount: this.services.get(service) ?? 0 }));
  }

  /** Parents and children arrive in any order, so both directions are looked up. */
  #connect(span: SpanData, onEdge: (caller: string, callee: string, errors: number) => void): void {
    const count = (parent: SpanData, child: SpanData): void => {
      const refused = isRefusedCall(parent, child);
      if (refused && !this.#refused.has(parent.spanId)) {
        this.#refused.add(parent.spanId);
        this.errors--;
      }
      const caller = parent.resource.service;
      const callee = child.resource.service;
      if (caller === callee) return;
      const failed = child.status.code === "error" || (parent.status.code === "error" && !refused);
      const errors = failed ? 1 : 0;
      this.edges.add(caller, callee, 1, errors);
      onEdge(caller, callee, errors);
    };
    // Only a span that enters its service is a call; a work step below a foreign parent would count it twice.
    if (span.parentSpanId !== undefined && (span.kind === "server" || span.kind === "consumer")) {
      const parent = this.spans.get(span.parentSpanId);
      if (parent !== undefined) count(parent, span);
      else {
        const waiting = this.#entered.get(span.parentSpanId);
        if (waiting === undefined) this.#entered.set(span.parentSpanId, [span]);
        else waiting.push(span);
      }
    }
    for (const child of this.#entered.get(span.spanId) ?? []) count(span, child);
    this.#entered.delete(span.spanId);
  }
}

/** The span that names the trace: one without a parent before one with, then the earlier one. */
function isBetterRoot(span: SpanData, than: SpanData | undefined): boolean {
  if (than === undefined) return true;
  const rootless = than.parentSpanId !== undefined;
  if ((span.parentSpanId === undefined) === rootless) return rootless;
  return span.startUs < than.startUs;
}
