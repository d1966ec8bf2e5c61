import { bounded } from "./bounded.ts";
import type { OwnAttribute } from "./own-attribute.ts";
import type { AttributeInput, Attributes, SpanKind } from "./span-data.ts";

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
  readonly #names: readonly string[];
  #root: WrittenForm | undefined;
  #child: WrittenForm | undefined;

  constructor(name: string, kind: SpanKind, attributes: AttributeInput) {
    this.name = name;
    this.kind = kind;
    this.attributes = Object.freeze(bounded(attributes));
    this.#names = Object.keys(this.attributes);
  }

  /** Whether an attribute of that name is among its own. */
  says(name: string): boolean {
    // A form has about ten names, all of them constants: comparing them is comparing addresses.
    for (const one of this.#names) if (one === name) return true;
    return false;
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
  own: OwnAttribute | undefined;
  flags: number;
  whole: Uint8Array | undefined;
}

/** There is one: of the protocols only OTLP writes spans as they end. */
type WriteForm = (form: SpanForm, child: boolean) => WrittenForm;
