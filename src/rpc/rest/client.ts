import type { Clock, TuskerError } from "../../kernel/index.ts";
import { authority, type ClientAnswer, http1Pool, type Pool } from "../../net/index.ts";
import {
  deadlineHeader,
  type Failure,
  formatRemaining,
  parseRetryAfter,
  timeLimit,
} from "../../resilience/index.ts";
import type { Method } from "../contract.ts";
import { Fault } from "../fault.ts";
import type { Asked, Told, Wire } from "../wire.ts";
import { fromAnswer, jsonMediaType } from "./answer.ts";
import { splitInput } from "./input.ts";
import { buildPath } from "./path.ts";

/** Largest answer a client reads. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** @param prefix path before that of the contract, without a slash at its end */
export function restWire(prefix: string, clock: Clock): Wire {
  return {
    protocol: "rest",
    originOf: ({ host, port }) => `http://${authority(host, port)}`,
    link(origin) {
      const pool = http1Pool(origin);
      return {
        ask: (asked) => ask(pool, asked, clock),
        [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
      };
    },
    async prepare(method, input) {
      const { query, body } = splitInput(method, input);
      const path = `${prefix}${buildPath(method.path, input)}${query}`;
      const type = body === undefined ? [] : ["content-type", jsonMediaType];
      return { path, headers: ["accept", jsonMediaType, ...type], body };
    },
    describe: (method) => ({
      name: `${method.verb} ${method.path.text}`,
      attributes: {
        "http.request.method": method.verb,
        "url.template": method.path.text,
        "rpc.method": method.name,
      },
    }),
  };
}

async function ask(pool: Pool, { method, prepared, fields, timeoutMs, late, signal }: Asked, clock: Clock) {
  using limit = timeLimit(clock, { ms: timeoutMs, parents: [signal], reason: late });
  const { path, headers, body } = prepared;
  const answer = await pool.request({
    method: method.verb,
    path,
    headers: [...headers, ...fields, deadlineHeader, formatRemaining(timeoutMs)],
    ...(body === undefined ? {} : { body }),
    signal: limit.signal,
    headTimeoutMs: timeoutMs + 1_000,
  });
  const retryAfterMs = parseRetryAfter(answer.header("retry-after"), clock.wall());
  const said = await read(method, answer);
  const around = { head: answer.headers, tail: answer.trailers() };
  return said.kind === "value" ? { ...said, ...around } : { ...said, ...around, retryAfterMs };
}

async function read(method: Method, answer: ClientAnswer): Promise<Told> {
  const text = await answer.text(maxAnswerBytes);
  try {
    return { kind: "value", value: fromAnswer(method, answer.status, text) };
  } catch (thrown) {
    return told(thrown as TuskerError, answer.status);
  }
}

function told(error: TuskerError, status: number): Told {
  // A declared error is an answer, whatever its status: the service works.
  if (error instanceof Fault || (status < 500 && status !== 429)) {
    return { kind: "error", error, failure: { kind: "final" }, verdict: "well" };
  }
  if (status === 429) return { kind: "error", error, failure: { kind: "final" }, verdict: "overloaded" };
  return { kind: "error", error, failure: failureOf(error, status), verdict: "failing" };
}

function failureOf(error: TuskerError, status: number): Failure {
  // A status alone says what it says; one of our codes says more exactly whether another try makes sense.
  const onlyStatus = error.code === "RPC_REMOTE" && error.details.status !== undefined;
  return onlyStatus || error.row.retryable ? { kind: "status", status } : { kind: "final" };
}
