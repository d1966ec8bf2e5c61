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
  readonly #admissions: Admission[] = [];
  readonly #forms: KnownForm[] = [];

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
    for (const known of this.#admissions)
      if (known.guard === guard) return lasts(known.lasting, clock) ? known.block : undefined;
    return undefined;
  }

  /** As `admittedBy`, after it did. Undefined when the name cannot be written. */
  admit(guard: Guard, consumer: string, lasting: Lasting | undefined): FieldBlock | undefined {
    const block = this.block.extended();
    if (!block.tryAdd(consumerHeader, consumer)) return undefined;
    if (this.repeated && lasting !== undefined)
      keep(this.#admissions, { guard, lasting, block: block.settled() }, (one) => one.guard === guard);
    return block;
  }

  /** What spans of such requests have in common; undefined when it is not worth keeping. */
  formFor(route: string, asked: Asked): SpanForm | undefined {
    for (const known of this.#forms)
      if (known.route === route && known.method === asked.method) return known.form;
    const told = (asked.header("user-agent") ?? "").length + (asked.header("host") ?? "").length;
    if (told > mostTold) return undefined;
    const form = serverForm(asked, route);
    keep(this.#forms, { route, method: asked.method, form }, () => false);
    return form;
  }
}

/** Puts what is new in front, in place of what it replaces or of the oldest: a client uses a few routes by turns. */
function keep<T>(list: T[], one: T, replaced: (known: T) => boolean): void {
  const at = list.findIndex(replaced);
  if (at >= 0) list.splice(at, 1);
  list.unshift(one);
  if (list.length > mostKept) list.pop();
}

const mostKept = 4;
/** Characters of what the client chooses in a form: a thousand connections have four of them each. */
const mostTold = 768;

interface KnownForm {
  readonly route: string;
  readonly method: string;
  readonly form: SpanForm;
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
