import type { AnswerHead, FieldBlock, HeaderList, RequestHead } from "../../net/index.ts";
import { isSameArrival, type PlainArrival, type PlainHead, plainAnswer, plainRequest } from "./plain.ts";

/**
 * What was made of heads that come again and again. The engine gives the same list for the same fields of a connection,
 * so that what they became is found by the list; what was forgotten there is collected here with it.
 */

interface Rewritten {
  readonly arrival: PlainArrival;
  readonly plain: PlainHead | undefined;
}

const requests = new WeakMap<HeaderList, Rewritten>();
const answers = new WeakMap<HeaderList, FieldBlock>();

/** As `plainRequest`; the same arrival and the same fields are rewritten once. Its block must not be added to. */
export function rewrittenRequest(head: RequestHead, arrival: PlainArrival): PlainHead | undefined {
  if (!head.repeated) return plainRequest(head.fields, arrival);
  const known = requests.get(head.fields);
  if (known !== undefined && isSameArrival(known.arrival, arrival)) return known.plain;
  const plain = plainRequest(head.fields, arrival);
  plain?.block.settled();
  requests.set(head.fields, { arrival, plain });
  return plain;
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
