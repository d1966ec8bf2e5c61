import type { Clock } from "../kernel/index.ts";
import { isSampled, randomFlag, type SpanContext, sampledFlag } from "./context.ts";
import { currentSpan, withSpan } from "./current.ts";
import { DrawnContext, DrawnTrace, traceOf } from "./drawn-context.ts";
import { epochOf } from "./epoch.ts";
import { FormedSpan } from "./formed-span.ts";
import { type IdSource, randomIds } from "./ids.ts";
import type { Sampler } from "./sampler.ts";
import { CarriedSpan, passingSpan, RecordedSpan, type Recorder, type Span, type SpanStart } from "./span.ts";
import type { AttributeInput, Attributes, Resource, SpanKind, SpanSink } from "./span-data.ts";
import type { SpanForm } from "./span-form.ts";

/** Starts the spans of one process. */
export interface Tracer {
  readonly resource: Resource;
  /** Begins a span; the caller ends it. */
  startSpan(name: string, options?: SpanOptions): Span;
  /**
   * Begins a span that follows a form, for work that is done thousands of times a second. Otherwise as `startSpan`.
   *
   * @param nowMs what `clock.now()` says, for whoever has asked it already
   */
  startFormed(form: SpanForm, parent: SpanContext | "root", nowMs?: number): Span;
  /**
   * Runs `run` inside a new span: current while it runs, error recorded if it throws or rejects, ended in any case.
   *
   * @example const receipt = await tracer.inSpan("charge card", {}, (span) => bank.charge(order));
   */
  inSpan<T>(name: string, options: SpanOptions, run: (span: Span) => T | Promise<T>): Promise<T>;
}

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind;
  /** What came in from the wire, or `root` to begin a new trace. Default: the current span, if there is one. */
  readonly parent?: SpanContext | "root" | undefined;
  readonly attributes?: AttributeInput;
  readonly links?: readonly { readonly context: SpanContext; readonly attributes?: AttributeInput }[];
}

export interface TracerOptions {
  /** `service.name`. */
  readonly service: string;
  /** `service.instance.id`. */
  readonly instance?: string | undefined;
  /** More resource attributes: `service.version`, `deployment.environment.name`, … */
  readonly attributes?: Attributes;
  /** False: no span at all; a caller's context is passed on untouched. Default true. */
  readonly enabled?: boolean;
  readonly sampler: Sampler;
  readonly sink: SpanSink;
  readonly clock: Clock;
  /** Default: the system's secure randomness. */
  readonly ids?: IdSource;
}

/**
 * Makes a tracer. Spans of a trace that began elsewhere keep the caller's sampling decision; a span that is not
 * sampled costs one small object and still carries ids for propagation.
 *
 * @example const tracer = createTracer({ service: "shop", sampler: ratioSampler(1), sink, clock: systemClock });
 */
export function createTracer(options: TracerOptions): Tracer {
  const { sampler, sink, clock, ids = randomIds(), enabled = true } = options;
  const resource = resourceOf(options);
  const recorder: Recorder = { resource, sink, epoch: epochOf(clock), now: () => clock.now() };

  /** What a disabled tracer gives. */
  const unrecorded = (parent: SpanContext | undefined): Span =>
    parent === undefined ? new CarriedSpan(ids, undefined) : passingSpan(parent);
  const startSpan = (name: string, spanOptions: SpanOptions = {}): Span => {
    const local = spanOptions.parent === undefined ? currentSpan() : undefined;
    if (local instanceof CarriedSpan) return enabled ? new CarriedSpan(ids, local) : local;
    const parent = spanOptions.parent === "root" ? undefined : (spanOptions.parent ?? local?.context);
    if (!enabled) return unrecorded(parent);
    const trace = sampledTrace(parent, sampler, ids);
    if (trace === undefined) return new CarriedSpan(ids, parent);
    const context = new DrawnContext(ids, trace, flagsBelow(parent), parent?.traceState);
    return recorded(recorder, { context, parentSpanId: parent?.spanId, name, kind: "internal" }, spanOptions);
  };

  return {
    resource,
    startSpan,
    startFormed(form, from, nowMs) {
      const parent = from === "root" ? undefined : from;
      if (!enabled) return unrecorded(parent);
      const trace = sampledTrace(parent, sampler, ids);
      if (trace === undefined) return new CarriedSpan(ids, parent);
      return new FormedSpan(recorder, ids, { form, trace, flags: flagsBelow(parent), parent, nowMs });
    },
    inSpan(name, spanOptions, run) {
      const span = startSpan(name, spanOptions);
      return withSpan(span, () => finish(span, () => run(span)));
    },
  };
}

/** The trace of a span that will be recorded; undefined when it will not. */
function sampledTrace(
  parent: SpanContext | undefined,
  sampler: Sampler,
  ids: IdSource,
): DrawnTrace | string | undefined {
  if (parent === undefined) {
    if (sampler.rate === 0) return undefined;
    const trace = new DrawnTrace(ids);
    // Digits are made for nobody's sake only where none are compared.
    return sampler.rate === 1 || sampler.decide(trace.text) ? trace : undefined;
  }
  const sampled = parent.deferred === true ? sampler.decide(parent.traceId) : isSampled(parent);
  return sampled ? traceOf(parent) : undefined;
}

/** The flags of a recorded span. */
function flagsBelow(parent: SpanContext | undefined): number {
  return sampledFlag | (parent === undefined ? randomFlag : parent.flags & randomFlag);
}

function recorded(recorder: Recorder, start: SpanStart, options: SpanOptions): Span {
  const span = new RecordedSpan(recorder, { ...start, kind: options.kind ?? "internal" });
  for (const link of options.links ?? []) span.addLink(link.context, link.attributes);
  if (options.attributes !== undefined) span.setAttributes(options.attributes);
  return span;
}

async function finish<T>(span: Span, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    span.recordError(error);
    throw error;
  } finally {
    span.end();
  }
}

function resourceOf(options: TracerOptions): Resource {
  const instance = options.instance === undefined ? {} : { "service.instance.id": options.instance };
  return { service: options.service, attributes: { ...instance, ...options.attributes } };
}
