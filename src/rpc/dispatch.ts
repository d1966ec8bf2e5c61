import { aborted, type Clock, messageOf, TuskerError, toTuskerError } from "../kernel/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { type Incoming, type RpcContext, ServerCall, withinCall } from "./context.ts";
import type { Method } from "./contract.ts";
import { Fault, isRemote } from "./fault.ts";
import { check, type FieldProblem } from "./schema.ts";

/** A handler without its types, as the server calls it. */
export type AnyHandler = (input: unknown, context: RpcContext) => unknown;

/** What came of a call. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: TuskerError };

export interface DispatchPorts {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes a call's input from its message; `bytes` waits for the body, but not past the deadline. */
export type ReadInput = (bytes: <T>(read: () => Promise<T>) => Promise<T>) => unknown;

/**
 * Answers one call, whatever protocol it came in: read the input, validate it, run the handler, validate the output.
 * The deadline counts from the head of the message: a body that trickles in uses the call's time. Never rejects.
 *
 * @param defaultMs deadline of a call that came without one
 */
export async function dispatch(
  method: Method,
  handler: AnyHandler,
  read: ReadInput,
  incoming: Incoming,
  ports: DispatchPorts,
  defaultMs?: number,
): Promise<Outcome> {
  using call = new ServerCall(method, incoming, ports, defaultMs);
  let input: unknown;
  try {
    input = await read((bytes) => call.orLate(bytes));
  } catch (error) {
    return { ok: false, error: toTuskerError(error) };
  }
  try {
    const checked = await check(method.spec.in, input);
    if (!checked.ok) throw invalidInput(method, checked.problems);
    const value = await call.orLate(() => withinCall(call, () => handler(checked.value, call)));
    const answer = await check(method.spec.out, value);
    if (!answer.ok) throw invalidOutput(method, answer.problems);
    return { ok: true, value: answer.value };
  } catch (thrown) {
    const error = toAnswer(method, thrown);
    logFailure(method, error, ports.log);
    return { ok: false, error };
  }
}

export interface StreamPorts extends DispatchPorts {
  /** Runs a piece of the handler where its span is current. */
  within<T>(run: () => T): T;
}

/**
 * Answers a call whose messages come over time. Inputs are validated as the handler takes them, answers as it gives
 * them. A stream has the deadline its caller gave it, and none of its own.
 *
 * @param inputs messages as decoded; one of them where only answers come over time
 * @throws TuskerError what the caller is told
 */
export async function* dispatchStream(
  method: Method,
  handler: AnyHandler,
  inputs: AsyncIterable<unknown>,
  incoming: Incoming,
  ports: StreamPorts,
): AsyncGenerator<unknown> {
  using call = new ServerCall(method, incoming, ports);
  const valid = validInputs(method, inputs);
  const inside = <T>(run: () => T): T => ports.within(() => withinCall(call, run));
  try {
    const input = method.stream === "out" ? await onlyInput(valid) : valid;
    const result = inside(() => handler(input, call));
    if (method.stream === "in") {
      yield await validAnswer(method, await call.orLate(async () => result));
      return;
    }
    for await (const answer of untilGone(iteratorOf(method, result), call.signal, inside))
      yield await validAnswer(method, answer);
  } catch (thrown) {
    const error = toAnswer(method, thrown);
    logFailure(method, error, ports.log);
    throw error;
  }
}

async function* validInputs(method: Method, inputs: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  for await (const input of inputs) {
    const checked = await check(method.spec.in, input);
    if (!checked.ok) throw invalidInput(method, checked.problems);
    yield checked.value;
  }
}

async function onlyInput(inputs: AsyncGenerator<unknown>): Promise<unknown> {
  const first = await inputs.next();
  if (first.done === true) throw new TuskerError("RPC_PROTOCOL", "the call carries no message");
  const second = await inputs.next();
  if (second.done !== true) throw new TuskerError("RPC_PROTOCOL", "the call carries more than one message");
  return first.value;
}

async function validAnswer(method: Method, value: unknown): Promise<unknown> {
  const answer = await check(method.spec.out, value);
  if (!answer.ok) throw invalidOutput(method, answer.problems);
  return answer.value;
}

function iteratorOf(method: Method, result: unknown): AsyncIterator<unknown> {
  if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
    const { [Symbol.asyncIterator]: make } = result;
    if (typeof make === "function") return make.call(result);
  }
  const message = `the handler of ${method.service}.${method.name} must return an AsyncIterable (async function*)`;
  throw new TuskerError("RPC_CONTRACT", message);
}

/** Takes answers until the caller is gone or its deadline has passed; the handler's own clean-up runs either way. */
async function* untilGone(
  iterator: AsyncIterator<unknown>,
  signal: AbortSignal,
  inside: <T>(run: () => T) => T,
): AsyncGenerator<unknown> {
  let giveUp: (reason: unknown) => void = () => {};
  const onAbort = (): void => giveUp(aborted(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  let ended = false;
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
        giveUp = reject;
        if (signal.aborted) reject(aborted(signal));
        else inside(() => iterator.next()).then(resolve, reject);
      });
      if (next.done === true) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!ended) iterator.return?.().catch(() => {});
  }
}

function logFailure(method: Method, error: TuskerError, log: Logger): void {
  if (error.row.http < 500) return;
  const cause = error.code === "RPC_HANDLER_FAILED" ? error.cause : error;
  log.error(`${method.service}.${method.name} failed: ${messageOf(cause)}`, {
    error: cause,
    code: error.code,
  });
}

/** The error of an input that does not fit the contract; names every field. */
export function invalidInput(method: Method, problems: readonly FieldProblem[]): TuskerError {
  return new TuskerError("RPC_INVALID_INPUT", `${method.service}.${method.name}: ${sentence(problems)}`, {
    details: { problems },
  });
}

function invalidOutput(method: Method, problems: readonly FieldProblem[]): TuskerError {
  return new TuskerError(
    "RPC_INVALID_OUTPUT",
    `the handler of ${method.service}.${method.name} gave an answer its contract forbids: ${sentence(problems)}`,
    { details: { problems } },
  );
}

/** The fields and what is wrong with each, in one line; the first five of them. */
export function sentence(problems: readonly FieldProblem[]): string {
  const shown = problems
    .slice(0, 5)
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : "";
  return `${shown.join("; ")}${more}`;
}

/** What the caller is told. */
function toAnswer(method: Method, thrown: unknown): TuskerError {
  const where = `${method.service}.${method.name}`;
  if (!(thrown instanceof TuskerError)) {
    // What went wrong inside is for our log; a stranger's message may hold anything.
    return new TuskerError("RPC_HANDLER_FAILED", `the handler of ${where} failed`, { cause: thrown });
  }
  if (
    thrown instanceof Fault &&
    thrown.service === method.service &&
    thrown.method === method.name &&
    !isRemote(thrown)
  ) {
    return thrown;
  }
  // "You sent nonsense" or "no such thing", said by a service behind us to us, is not our caller's doing.
  const ours = thrown instanceof Fault || (isRemote(thrown) && thrown.row.http < 502);
  if (!ours) return thrown;
  const said =
    thrown instanceof Fault ? `${thrown.service}.${thrown.method} answered ${thrown.fault}` : thrown.code;
  return new TuskerError("RPC_REMOTE", `${where} could not finish: ${said}: ${thrown.message}`, {
    cause: thrown,
  });
}
