import { boundedValue } from "./bounded.ts";
import type { SpanContext } from "./context.ts";
import { DrawnContext, type DrawnTrace } from "./drawn-context.ts";
import type { IdSource } from "./ids.ts";
import { RecordedSpan, type Recorder, type Span } from "./span.ts";
import {
  type AttributeInput,
  type Attributes,
  type AttributeValue,
  nothingDropped,
  type SpanData,
  type SpanStatus,
  unsetStatus,
} from "./span-data.ts";
import type { SpanForm } from "./span-form.ts";

export interface FormedStart {
  readonly form: SpanForm;
  readonly trace: DrawnTrace | string;
  readonly flags: number;
  readonly parent: SpanContext | undefined;
  /** What the clock says, if it was asked already. */
  readonly nowMs: number | undefined;
}

/**
 * A span that follows a form, its identity and, ended, what is known of it: one small object for all three. What a form does not foresee,
 * as an event or an attribute of another name, makes it an ordinary span.
 */
export class FormedSpan extends DrawnContext implements Span, SpanData {
  readonly form: SpanForm;
  readonly parent: SpanContext | undefined;
  readonly startUs: number;
  durationUs = 0;
  /** Values of the two attributes that the form leaves to its spans. */
  first: AttributeValue | undefined;
  second: AttributeValue | undefined;
  readonly #recorder: Recorder;
  readonly #startNow: number;
  #ended = false;
  /** Says everything from here on. */
  #free: RecordedSpan | undefined;

  constructor(recorder: Recorder, ids: IdSource, { form, trace, flags, parent, nowMs }: FormedStart) {
    super(ids, trace, flags, parent?.traceState);
    this.#recorder = recorder;
    this.form = form;
    this.parent = parent;
    this.#startNow = nowMs ?? recorder.now();
    this.startUs = recorder.epoch.toUs(this.#startNow);
  }

  get context(): SpanContext {
    return this;
  }

  get recording(): boolean {
    return !this.#ended;
  }

  setAttribute(name: string, value: AttributeValue | undefined): Span {
    if (this.#ended || value === undefined) return this;
    const { form } = this;
    if (this.#free !== undefined) this.#free.setAttribute(name, value);
    else if (name === form.first) this.first = boundedValue(value);
    else if (name === form.second) this.second = boundedValue(value);
    else this.#freed().setAttribute(name, value);
    return this;
  }

  setAttributes(attributes: AttributeInput): Span {
    for (const name in attributes) this.setAttribute(name, attributes[name]);
    return this;
  }

  addEvent(name: string, attributes?: AttributeInput): Span {
    if (!this.#ended) this.#freed().addEvent(name, attributes);
    return this;
  }

  recordError(error: unknown): Span {
    if (!this.#ended) this.#freed().recordError(error);
    return this;
  }

  setStatus(code: "ok" | "error", message?: string): Span {
    if (!this.#ended) this.#freed().setStatus(code, message);
    return this;
  }

  updateName(name: string): Span {
    if (!this.#ended) this.#freed().updateName(name);
    return this;
  }

  end(nowMs: number = this.#recorder.now()): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#free !== undefined) {
      this.#free.end(nowMs);
      return;
    }
    this.durationUs = Math.round((nowMs - this.#startNow) * 1000);
    this.#recorder.sink.accept(this);
  }

  get resource(): SpanData["resource"] {
    return this.#recorder.resource;
  }

  get parentSpanId(): string | undefined {
    return this.parent?.spanId;
  }

  get name(): string {
    return this.form.name;
  }

  get kind(): SpanData["kind"] {
    return this.form.kind;
  }

  get attributes(): Attributes {
    const { form, first, second } = this;
    const all: Record<string, AttributeValue> = { ...form.attributes };
    if (form.first !== undefined && first !== undefined) all[form.first] = first;
    if (form.second !== undefined && second !== undefined) all[form.second] = second;
    return all;
  }

  get events(): SpanData["events"] {
    return none;
  }

  get links(): SpanData["links"] {
    return none;
  }

  get status(): SpanStatus {
    return unsetStatus;
  }

  get dropped(): SpanData["dropped"] {
    return nothingDropped;
  }

  #freed(): RecordedSpan {
    const known = this.#free;
    if (known !== undefined) return known;
    const { context, parentSpanId, name, kind } = this;
    const began = { now: this.#startNow, us: this.startUs };
    const free = new RecordedSpan(this.#recorder, { context, parentSpanId, name, kind, began });
    free.setAttributes(this.attributes);
    this.#free = free;
    return free;
  }
}

const none: readonly never[] = Object.freeze([]);
