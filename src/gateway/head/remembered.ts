import type { Clock } from "../../kernel/index.ts";
import type { AnswerHead, FieldBlock, HeaderList, RequestHead } from "../../net/index.ts";
import type { SpanForm } from "../../telemetry/index.ts";
import { type Guard, type Lasting, lasts } from "../policy/visit.ts";
import { type Asked, serverForm } from "../spans.ts";
import { isSameArrival, type PlainArrival, type PlainHead, plainAnswer, plainRequest } from "./plain.ts";
import { consumerHeader } from "./request.ts";

/**
 * What was made of heads that come again and again. The engine gives the same list for the same fields of a connection,
 * so that what they became is found by the list; what was forgotten there is collected here with it.
 */

const requests = new WeakMap<HeaderList, Rewritten>();
const answers = new WeakMap<HeaderList, FieldBlock>();

interface Rewritten {
  readonly arrival: PlainArrival;
  readonly seen: SeenRequest | undefined;
}

/** As `plainRequest`; the same arrival and the same fields are rewritten once. */
export function rewrittenRequest(head: RequestHead, arrival: PlainArrival): SeenRequest | undefined {
  const known = head.repeated ? requests.get(head.fields) : undefined;
  if (known !== undefined && isSameArrival(known.arrival, arrival)) return known.seen;
  const plain = plainRequest(head.fields, arrival);
  const seen = plain && new SeenRequest(plain, head.repeated);
  if (!head.repeated) return seen;
  plain?.block.settled();
  requests.set(head.fields, { arrival, seen });
  return seen;
}

/** What was made of the fields of a request. */
export class SeenRequest {
  /** Must not be added to. */
  readonly block: FieldBlock;
  /** True when a trace context came in. */
  readonly traced: boolean;
  /** True when the same fields may come again, and find all this. */
  readonly repeated: boolean;
  #admission: Admission | undefined;
  #form: { readonly route: string; readonly method: string; readonly form: SpanForm } | undefined;

  constructor({ block, traced }: PlainHead, repeated: boolean) {
    this.block = block;
    this.traced = traced;
    this.repeated = repeated;
  }

  /**
   * The fields with the name of whoever sent them, if that guard let them in before and would again. A guard hears of
   * nothing but the fields and the time: the same bytes are the same token.
   */
  admittedBy(guard: Guard, clock: Clock): FieldBlock | undefined {
    const known = this.#admission;
    return known !== undefined && known.guard === guard && lasts(known.lasting, clock)
      ? known.block
      : undefined;
  }

  /** As `admittedBy`, after it did. Undefined when the name cannot be written. */
  admit(guard: Guard, consumer: string, lasting: Lasting | undefined): FieldBlock | undefined {
    const block = this.block.extended();
    if (!block.tryAdd(consumerHeader, consumer)) return undefined;
    if (this.repeated && lasting !== undefined) this.#admission = { guard, lasting, block: block.settled() };
    return block;
  }

  /** What spans of such requests have in common. */
  formFor(route: string, asked: Asked): SpanForm {
    const known = this.#form;
    if (known !== undefined && known.route === route && known.method === asked.method) return known.form;
    const form = serverForm(asked, route);
    this.#form = { route, method: asked.method, form };
    return form;
  }
}

interface Admission {
  readonly guard: Guard;
  readonly lasting: Lasting;
  readonly block: FieldBlock;
}

/** As `plainAnswer`; the same fields are rewritten once. The block must not be added to. */
export function rewrittenAnswer({ fields, repeated }: AnswerHead): FieldBlock | undefined {
  if (!repeated) return plainAnswer(fields);
  const known = answers.get(fields);
  if (known !== undefined) return known;
  const block = plainAnswer(fields)?.settled();
  if (block !== undefined) answers.set(fields, block);
  return block;
}
