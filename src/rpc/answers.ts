import { TuskerError } from "../kernel/index.ts";
import type { Method, Protocol } from "./contract.ts";
import { sentence } from "./dispatch.ts";
import { check } from "./schema.ts";

/** What a service answered, as its contract describes it. @throws TuskerError RPC_PROTOCOL */
export async function checkedAnswer(method: Method, value: unknown): Promise<unknown> {
  const answer = await check(method.spec.out, value);
  if (answer.ok) return answer.value;
  throw new TuskerError(
    "RPC_PROTOCOL",
    `${method.service}.${method.name} answered what its contract forbids: ${sentence(answer.problems)}`,
    { details: { service: method.service, method: method.name, problems: answer.problems } },
  );
}

/** As `checkedAnswer`, for answers that come over time. */
export async function* checkedAnswers(
  method: Method,
  answers: AsyncIterable<unknown>,
): AsyncGenerator<unknown> {
  for await (const answer of answers) yield await checkedAnswer(method, answer);
}

/** The only answer of a method whose caller sends over time. @throws TuskerError RPC_PROTOCOL */
export async function onlyAnswer(method: Method, answers: AsyncIterable<unknown>): Promise<unknown> {
  const all: unknown[] = [];
  for await (const answer of answers) all.push(answer);
  if (all.length === 1) return all[0];
  const what = all.length === 0 ? "no message" : "more than one message";
  throw new TuskerError("RPC_PROTOCOL", `${method.service}.${method.name} answered OK with ${what}`);
}

/** What a caller sends: one message, or those of an iterable. @throws TuskerError RPC_INVALID_INPUT */
export async function* inputsOf(method: Method, input: unknown): AsyncGenerator<unknown> {
  if (method.stream === "out") yield input;
  else if (typeof input === "object" && input !== null && isIterable(input)) yield* input;
  else {
    const message = `${method.service}.${method.name} takes its messages from an iterable (an array, async function*)`;
    throw new TuskerError("RPC_INVALID_INPUT", message);
  }
}

function isIterable(value: object): value is AsyncIterable<unknown> | Iterable<unknown> {
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

export function noStreams(method: Method, protocol: Protocol): TuskerError {
  const message = `${method.service}.${method.name} is a stream, which ${protocol} does not carry; use protocol: "grpc"`;
  return new TuskerError("RPC_CONTRACT", message);
}
