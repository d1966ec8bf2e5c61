import { bounded } from "./bounded.ts";
import type { AttributeInput, Attributes, SpanData, SpanKind } from "./span-data.ts";

/**
 * What many spans say alike: their name, their kind, and the attributes that do not differ. Made once and followed by
 * each of them, so that a span says only what is its own, and an exporter writes the rest once.
 *
 * @example const form = new SpanForm("GET /users/*", "server", { "http.route": "/users/*" });
 */
export class SpanForm {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;

  constructor(name: string, kind: SpanKind, attributes: AttributeInput) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(bounded(attributes));
  }
}

/** What every span says besides its form. */
export type EndedSpan = Omit<SpanData, "name" | "kind" | "attributes">;

/** A finished span that followed a form to its end. */
export class FormedSpan implements SpanData {
  readonly form: SpanForm;
  /** What it adds to the form's attributes: none of their names is among these. */
  readonly own: Attributes;
  readonly #ended: EndedSpan;

  constructor(form: SpanForm, ended: EndedSpan, own: Attributes) {
    this.form = form;
    this.own = own;
    this.#ended = ended;
  }

  get resource(): SpanData["resource"] {
    return this.#ended.resource;
  }

  get traceId(): SpanData["traceId"] {
    return this.#ended.traceId;
  }

  get spanId(): SpanData["spanId"] {
    return this.#ended.spanId;
  }

  get parentSpanId(): SpanData["parentSpanId"] {
    return this.#ended.parentSpanId;
  }

  get traceState(): SpanData["traceState"] {
    return this.#ended.traceState;
  }

  get flags(): SpanData["flags"] {
    return this.#ended.flags;
  }

  get name(): string {
    return this.form.name;
  }

  get kind(): SpanKind {
    return this.form.kind;
  }

  get startUs(): number {
    return this.#ended.startUs;
  }

  get durationUs(): number {
    return this.#ended.durationUs;
  }

  get attributes(): Attributes {
    return { ...this.form.attributes, ...this.own };
  }

  get events(): SpanData["events"] {
    return this.#ended.events;
  }

  get links(): SpanData["links"] {
    return this.#ended.links;
  }

  get status(): SpanData["status"] {
    return this.#ended.status;
  }

  get dropped(): SpanData["dropped"] {
    return this.#ended.dropped;
  }
}
