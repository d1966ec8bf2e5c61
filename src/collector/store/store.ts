import type { Clock } from "../../kernel/index.ts";
import type { SpanData } from "../../telemetry/index.ts";
import { type Dependency, DependencyCounts } from "./dependencies.ts";
import { buildTrace, type Trace } from "./trace.ts";
import { TraceEntry } from "./trace-entry.ts";

/** Spans in memory, newest traces kept. */
export interface SpanStore {
  /** Takes spans; those already here are ignored, late ones and those beyond limits are refused. */
  add(spans: readonly SpanData[]): AddResult;
  /** Newest first. */
  traces(query?: TraceQuery): readonly TraceSummary[];
  /** By its id, or by the beginning of one: then the newest trace that begins so. */
  trace(traceId: string): Trace | undefined;
  services(): readonly ServiceSummary[];
  /** Names of spans that `service` produced, sorted. */
  spanNames(service: string): readonly string[];
  /** Calls between services, over all stored traces or over those that began since `sinceUs`. */
  dependencies(query?: { readonly sinceUs?: number; readonly untilUs?: number }): readonly Dependency[];
  /** Hears of spans as they are stored, each once. The listener must not throw. */
  subscribe(listener: SpanListener): Disposable;
  stats(): StoreStats;
}

export type SpanListener = (spans: readonly SpanData[]) => void;

export interface AddResult {
  readonly stored: number;
  readonly duplicate: number;
  /** Refused: the trace was complete already. */
  readonly late: number;
  /** Refused: the trace has as many spans as one trace may have. */
  readonly overflow: number;
}

export interface TraceQuery {
  /** Traces in which this service took part. */
  readonly service?: string | undefined;
  /** Traces in which a span has this name. */
  readonly name?: string | undefined;
  readonly minDurationMs?: number | undefined;
  readonly maxDurationMs?: number | undefined;
  /** true: only traces with a failed span; false: only without. */
  readonly error?: boolean | undefined;
  /** Traces that began at or after this, microseconds since the epoch. */
  readonly sinceUs?: number | undefined;
  readonly untilUs?: number | undefined;
  /** Default 20. */
  readonly limit?: number | undefined;
}

export interface TraceSummary {
  readonly traceId: string;
  /** Of the root, or of the earliest span while the root is missing. */
  readonly name: string;
  readonly service: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly spanCount: number;
  /** Spans that failed; a call that the server refused (4xx) is none. */
  readonly errorCount: number;
  /** In the order in which they began. */
  readonly services: readonly ServiceSummary[];
  readonly complete: boolean;
}

export interface ServiceSummary {
  readonly service: string;
  readonly spanCount: number;
}

export interface StoreLimits {
  /** Default 100,000. */
  readonly maxSpans?: number | undefined;
  /** About, of memory; default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default 10,000. */
  readonly maxSpansPerTrace?: number | undefined;
}

export interface StoreStats {
  readonly spans: number;
  readonly traces: number;
  readonly bytes: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly late: number;
  readonly overflow: number;
  /** Spans that had to go to make room. */
  readonly evicted: number;
}

export interface StoreOptions extends StoreLimits {
  readonly clock: Clock;
  /** A trace whose first span came longer ago is complete and takes no more; default 300,000. */
  readonly maxTraceDurationMs?: number | undefined;
}

/**
 * Makes an empty store. When it is full, the oldest trace of the service with the most spans goes first, so that one
 * noisy service cannot push out the traces of the quiet ones. Traces go whole.
 */
export function spanStore(options: StoreOptions): SpanStore {
  return new MemoryStore(options);
}

const lowMark = 0.95;

class MemoryStore implements SpanStore {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #limits: { readonly spans: number; readonly bytes: number; readonly perTrace: number };
  /** Oldest first, by arrival of the first span. */
  readonly #traces = new Map<string, TraceEntry>();
  readonly #byService = new Map<string, { spans: number; readonly traces: Set<TraceEntry> }>();
  readonly #edges = new DependencyCounts();
  readonly #listeners = new Set<SpanListener>();
  #spans = 0;
  #bytes = 0;
  readonly #totals = { stored: 0, duplicate: 0, late: 0, overflow: 0, evicted: 0 };

  constructor(options: StoreOptions) {
    this.#clock = options.clock;
    this.#maxAgeMs = options.maxTraceDurationMs ?? 300_000;
    this.#limits = {
      spans: options.maxSpans ?? 100_000,
      bytes: options.maxBytes ?? 64 * 1024 * 1024,
      perTrace: options.maxSpansPerTrace ?? 10_000,
    };
  }

  add(spans: readonly SpanData[]): AddResult {
    const result = { stored: 0, duplicate: 0, late: 0, overflow: 0 };
    const fresh: SpanData[] = [];
    for (const span of spans) {
      const outcome = this.#addOne(span);
      result[outcome]++;
      this.#totals[outcome]++;
      if (outcome === "stored") fresh.push(span);
    }
    this.#evict();
    if (fresh.length > 0) for (const listener of this.#listeners) listener(fresh);
    return result;
  }

  traces(query: TraceQuery = {}): readonly TraceSummary[] {
    const candidates =
      query.service === undefined
        ? this.#traces.values()
        : (this.#byService.get(query.service)?.traces ?? []);
    return [...candidates]
      .filter((entry) => matches(entry, query))
      .sort((a, b) => b.startUs - a.startUs)
      .slice(0, query.limit ?? 20)
      .map((entry) => this.#summary(entry));
  }

  trace(traceId: string): Trace | undefined {
    const entry = this.#traces.get(traceId) ?? this.#beginningWith(traceId);
    if (entry === undefined) return undefined;
    return buildTrace(entry.traceId, [...entry.spans.values()], this.#isComplete(entry));
  }

  services(): readonly ServiceSummary[] {
    return [...this.#byService]
      .map(([service, { spans }]) => ({ service, spanCount: spans }))
      .sort((a, b) => (a.service < b.service ? -1 : 1));
  }

  spanNames(service: string): readonly string[] {
    const names = new Set<string>();
    for (const entry of this.#byService.get(service)?.traces ?? [])
      for (const span of entry.spans.values()) if (span.resource.service === service) names.add(span.name);
    return [...names].sort();
  }

  dependencies(query: { readonly sinceUs?: number; readonly untilUs?: number } = {}): readonly Dependency[] {
    if (query.sinceUs === undefined && query.untilUs === undefined) return this.#edges.list();
    const sum = new DependencyCounts();
    for (const entry of this.#traces.values()) if (matches(entry, query)) sum.addAll(entry.edges);
    return sum.list();
  }

  subscribe(listener: SpanListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  stats(): StoreStats {
    return { spans: this.#spans, traces: this.#traces.size, bytes: this.#bytes, ...this.#totals };
  }

  #addOne(span: SpanData): keyof AddResult {
    let entry = this.#traces.get(span.traceId);
    if (entry === undefined) {
      entry = new TraceEntry(span.traceId, this.#clock.now());
      this.#traces.set(span.traceId, entry);
    }
    if (entry.spans.has(span.spanId)) return "duplicate";
    if (this.#isComplete(entry)) return "late";
    if (entry.spans.size >= this.#limits.perTrace) return "overflow";
    const before = entry.bytes;
    entry.add(span, (caller, callee, errors) => this.#edges.add(caller, callee, 1, errors));
    this.#spans++;
    this.#bytes += entry.bytes - before;
    const { service } = span.resource;
    const known = this.#byService.get(service) ?? { spans: 0, traces: new Set() };
    known.spans++;
    known.traces.add(entry);
    this.#byService.set(service, known);
    return "stored";
  }

  /** Makes room down to a low mark, so that a full store does not search for a victim at every span. */
  #evict(): void {
    if (this.#isBelow(1)) return;
    while (!this.#isBelow(lowMark)) {
      const [noisiest, second] = [...this.#byService.values()].sort((a, b) => b.spans - a.spans);
      if (noisiest === undefined) return;
      for (const oldest of noisiest.traces) {
        this.#remove(oldest);
        if (this.#isBelow(lowMark) || noisiest.spans < (second?.spans ?? 0) * lowMark) break;
      }
    }
  }

  #isBelow(share: number): boolean {
    return this.#spans <= this.#limits.spans * share && this.#bytes <= this.#limits.bytes * share;
  }

  #remove(entry: TraceEntry): void {
    this.#traces.delete(entry.traceId);
    this.#spans -= entry.spans.size;
    this.#bytes -= entry.bytes;
    this.#totals.evicted += entry.spans.size;
    this.#edges.subtractAll(entry.edges);
    for (const [service, spans] of entry.services) {
      const known = this.#byService.get(service);
      if (known === undefined) continue;
      known.spans -= spans;
      known.traces.delete(entry);
      if (known.spans === 0) this.#byService.delete(service);
    }
  }

  #beginningWith(prefix: string): TraceEntry | undefined {
    if (prefix === "" || prefix.length >= 32) return undefined;
    let newest: TraceEntry | undefined;
    for (const [traceId, entry] of this.#traces) if (traceId.startsWith(prefix)) newest = entry;
    return newest;
  }

  #isComplete(entry: TraceEntry): boolean {
    return this.#clock.now() - entry.firstSeenMs > this.#maxAgeMs;
  }

  #summary(entry: TraceEntry): TraceSummary {
    return {
      traceId: entry.traceId,
      name: entry.root?.name ?? "",
      service: entry.root?.resource.service ?? "",
      startUs: entry.startUs,
      durationUs: entry.endUs - entry.startUs,
      spanCount: entry.spans.size,
      errorCount: entry.errors,
      services: entry.servicesByStart(),
      complete: this.#isComplete(entry),
    };
  }
}

function matches(entry: TraceEntry, query: TraceQuery): boolean {
  const durationMs = (entry.endUs - entry.startUs) / 1000;
  if (query.minDurationMs !== undefined && durationMs < query.minDurationMs) return false;
  if (query.maxDurationMs !== undefined && durationMs > query.maxDurationMs) return false;
  if (query.error !== undefined && entry.errors > 0 !== query.error) return false;
  if (query.sinceUs !== undefined && entry.startUs < query.sinceUs) return false;
  if (query.untilUs !== undefined && entry.startUs > query.untilUs) return false;
  if (query.name === undefined) return true;
  return [...entry.spans.values()].some((span) => span.name === query.name);
}
