import { messageOf, TuskerError } from "../kernel/index.ts";
import { bounded, boundedValue, cut, spanLimits } from "./bounded.ts";
import { randomFlag, type SpanContext } from "./context.ts";
import { childOf, DrawnContext, DrawnTrace } from "./drawn-context.ts";
import type { Epoch } from "./epoch.ts";
import type { IdSource } from "./ids.ts";
import {
  type AttributeInput,
  type AttributeValue,
  nothingDropped,
  type Resource,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanSink,
  type SpanStatus,
  unsetStatus,
} from "./span-data.ts";

/** One piece of work on its way. Every method returns the span, does nothing after `end`, and never throws. */
export interface Span {
  readonly context: SpanContext;
  /** False for a span that is only carried, not recorded: skip work that serves the span alone. */
  readonly recording: boolean;
  setAttribute(name: string, value: AttributeValue | undefined): Span;
  setAttributes(attributes: AttributeInput): Span;
  addEvent(name: string, attributes?: AttributeInput): Span;
  /** Adds an `exception` event, sets `error.type`, and sets the status to error. */
  recordError(error: unknown): Span;
  /** `ok` is final (OpenTelemetry trace API, Set Status); `error` may carry a message for people. */
  setStatus(code: "ok" | "error", message?: string): Span;
  updateName(name: string): Span;
  /**
   * Finishes the span and hands it on. A second call does nothing.
   *
   * @param nowMs what `clock.now()` says, for whoever has asked it already
   */
  end(nowMs?: number): void;
}

/** What recorded spans of one tracer share. */
export interface Recorder {
  readonly resource: Resource;
  readonly sink: SpanSink;
  readonly epoch: Epoch;
  now(): number;
}

export interface SpanStart {
  readonly context: SpanContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  /** When it began, by the clock and since the epoch; default: now. */
  readonly began?: { readonly now: number; readonly us: number };
}

/** A span that will be exported. */
export class RecordedSpan implements Span {
  readonly context: SpanContext;
  readonly #recorder: Recorder;
  readonly #parentSpanId: string | undefined;
  readonly #kind: SpanKind;
  readonly #startNow: number;
  readonly #startUs: number;
  #name: string;
  #status: SpanStatus = unsetStatus;
  #attributes: Record<string, AttributeValue> = {};
  #attributeCount = 0;
  #events: SpanEvent[] | undefined;
  #links: SpanLink[] | undefined;
  #dropped: { attributes: number; events: number; links: number } | undefined;
  #ended = false;

  constructor(recorder: Recorder, start: SpanStart) {
    this.context = start.context;
    this.#recorder = recorder;
    this.#parentSpanId = start.parentSpanId;
    this.#kind = start.kind;
    this.#startNow = start.began?.now ?? recorder.now();
    this.#startUs = start.began?.us ?? recorder.epoch.toUs(this.#startNow);
    this.#name = start.name;
  }

  get recording(): boolean {
    return !this.#ended;
  }

  setAttribute(name: string, value: AttributeValue | undefined): Span {
    if (this.#ended || value === undefined || name === "" || name === "__proto__") return this;
    if (!Object.hasOwn(this.#attributes, name)) {
      if (this.#attributeCount >= spanLimits.attributes) {
        this.#drop().attributes++;
        return this;
      }
      this.#attributeCount++;
    }
    this.#attributes[name] = boundedValue(value);
    return this;
  }

  setAttributes(attributes: AttributeInput): Span {
    // Nearly all attributes of a span are given at its start, when none can be there already.
    const fresh = this.#attributeCount === 0 && !this.#ended;
    for (const name in attributes) {
      const value = attributes[name];
      const first = fresh && value !== undefined && name !== "" && name !== "__proto__";
      if (first && this.#attributeCount < spanLimits.attributes) {
        this.#attributeCount++;
        this.#attributes[name] = boundedValue(value);
      } else this.setAttribute(name, value);
    }
    return this;
  }

  addEvent(name: string, attributes?: AttributeInput): Span {
    if (this.#ended) return this;
    this.#events ??= [];
    if (this.#events.length >= spanLimits.events) this.#drop().events++;
    else
      this.#events.push({
        timeUs: this.#startUs + this.#sinceStart(this.#recorder.now()),
        name,
        attributes: bounded(attributes),
      });
    return this;
  }

  /** Not part of `Span`: links are given at the start. */
  addLink(context: SpanContext, attributes?: AttributeInput): void {
    this.#links ??= [];
    if (this.#links.length >= spanLimits.links) this.#drop().links++;
    else
      this.#links.push({
        traceId: context.traceId,
        spanId: context.spanId,
        attributes: bounded(attributes),
      });
  }

  recordError(error: unknown): Span {
    const message = messageOf(error);
    const type = errorType(error);
    // The stack of an expected failure says nothing that its code does not.
    const stack = error instanceof Error && !(error instanceof TuskerError) ? error.stack : undefined;
    this.addEvent("exception", {
      "exception.type": type,
      "exception.message": message,
      "exception.stacktrace": stack,
    });
    return this.setAttribute("error.type", type).setStatus("error", message);
  }

  setStatus(code: "ok" | "error", message = ""): Span {
    if (this.#ended || this.#status.code === "ok") return this;
    this.#status = code === "ok" ? { code } : { code, message: cut(message) };
    return this;
  }

  updateName(name: string): Span {
    if (!this.#ended) this.#name = name;
    return this;
  }

  end(nowMs: number = this.#recorder.now()): void {
    if (this.#ended) return;
    this.#ended = true;
    const { context } = this;
    this.#recorder.sink.accept({
      resource: this.#recorder.resource,
      traceId: context.traceId,
      spanId: context.spanId,
      parentSpanId: this.#parentSpanId,
      traceState: context.traceState,
      flags: context.flags,
      name: this.#name,
      kind: this.#kind,
      startUs: this.#startUs,
      durationUs: this.#sinceStart(nowMs),
      attributes: this.#attributes,
      events: this.#events ?? none,
      links: this.#links ?? none,
      status: this.#status,
      dropped: this.#dropped ?? nothingDropped,
    });
  }

  /** Measured from the start on the monotonic clock, so that a stepped wall clock cannot make a duration negative. */
  #sinceStart(nowMs: number): number {
    return Math.round((nowMs - this.#startNow) * 1000);
  }

  #drop(): { attributes: number; events: number; links: number } {
    this.#dropped ??= { attributes: 0, events: 0, links: 0 };
    return this.#dropped;
  }
}

const none: readonly never[] = Object.freeze([]);

/** A span nobody records. It makes its ids only when somebody asks for them, to send them on. */
export class CarriedSpan implements Span {
  readonly recording = false;
  readonly #ids: IdSource;
  readonly #parent: CarriedSpan | SpanContext | undefined;
  #context: SpanContext | undefined;

  constructor(ids: IdSource, parent: CarriedSpan | SpanContext | undefined) {
    this.#ids = ids;
    this.#parent = parent;
  }

  get context(): SpanContext {
    this.#context ??= this.#make();
    return this.#context;
  }

  setAttribute(): Span {
    return this;
  }
  setAttributes(): Span {
    return this;
  }
  addEvent(): Span {
    return this;
  }
  recordError(): Span {
    return this;
  }
  setStatus(): Span {
    return this;
  }
  updateName(): Span {
    return this;
  }
  end(): void {}

  #make(): SpanContext {
    const parent = this.#parent instanceof CarriedSpan ? this.#parent.context : this.#parent;
    if (parent === undefined) return new DrawnContext(this.#ids, new DrawnTrace(this.#ids), randomFlag);
    return childOf(parent, this.#ids, parent.flags & randomFlag);
  }
}

/** A span that only passes its caller's context on, untouched: what a disabled tracer gives. */
export function passingSpan(context: SpanContext): Span {
  const span: Span = {
    context,
    recording: false,
    setAttribute: () => span,
    setAttributes: () => span,
    addEvent: () => span,
    recordError: () => span,
    setStatus: () => span,
    updateName: () => span,
    end: () => {},
  };
  return span;
}

function errorType(error: unknown): string {
  if (error instanceof TuskerError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
