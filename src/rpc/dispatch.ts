import { type Clock, messageOf, TuskerError, toTuskerError } from "../kernel/index.ts";
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
    const value = await call.orLate(() => withinCall(call, async () => handler(checked.value, call)));
    const answer = await check(method.spec.out, value);
    if (!answer.ok) throw invalidOutput(method, answer.problems);
    return { ok: true, value: answer.value };
  } catch (thrown) {
    const error = toAnswer(method, thrown);
    if (error.row.http >= 500) {
      const cause = error.code === "RPC_HANDLER_FAILED" ? error.cause : error;
      ports.log.error(`${method.service}.${method.name} failed: ${messageOf(cause)}`, {
        error: cause,
        code: error.code,
      });
    }
    return { ok: false, error };
  }
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
