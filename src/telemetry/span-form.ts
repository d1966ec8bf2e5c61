import { bounded } from "./bounded.ts";
import type { AttributeInput, Attributes, AttributeValue, SpanKind } from "./span-data.ts";

/**
 * What many spans say alike: their name, their kind, the attributes that do not differ, and the names of up to two that
 * do. Made once and followed by each of them, so that a span says only what is its own, and an exporter writes the rest
 * once.
 *
 * @example const form = new SpanForm("GET /users/*", "server", { "http.route": "/users/*" }, ["url.path"]);
 */
export class SpanForm {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** Names of the attributes that are left to each span. */
  readonly first: string | undefined;
  readonly second: string | undefined;
  #root: WrittenForm | undefined;
  #child: WrittenForm | undefined;

  /** @param own names of two attributes that differ from span to span; one that stands in `attributes` does not count */
  constructor(name: string, kind: SpanKind, attributes: AttributeInput, own: readonly string[] = []) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(bounded(attributes));
    [this.first, this.second] = own.filter((one) => !Object.hasOwn(this.attributes, one));
  }

  /** A root span of this form in the words of a protocol, made once. */
  root(write: WriteForm): WrittenForm {
    this.#root ??= write(this, false);
    return this.#root;
  }

  /** The same of a span that has a parent. */
  child(write: WriteForm): WrittenForm {
    this.#child ??= write(this, true);
    return this.#child;
  }
}

/** What spans of a form have in common, with room for what is their own. */
export interface WrittenForm {
  readonly bytes: Uint8Array;
  /** Where its times stand. */
  readonly timesAt: number;
  /** What the span that was written last said besides; with it, all of that span, when the one before it said the same. */
  first: AttributeValue | undefined;
  second: AttributeValue | undefined;
  flags: number;
  whole: Uint8Array | undefined;
}

/** There is one: of the protocols only OTLP writes spans as they end. */
type WriteForm = (form: SpanForm, child: boolean) => WrittenForm;
