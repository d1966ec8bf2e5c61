import { problemMediaType, TuskerError, toProblem } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import type { WireProblem } from "../codec/problem.ts";
import { statusLine } from "../codec/reasons.ts";
import type { EarlyMarks } from "../options.ts";

/** Why something that never became a request is refused. */
export interface Farewell {
  readonly error: TuskerError;
  readonly status: number;
  readonly fields?: HeaderList;
}

/**
 * A whole answer, written without an exchange: the connection closes after it.
 *
 * @param method as far as it was understood: whoever asked for a HEAD would take a body for the next answer
 */
export function lastWords(
  { error, status, fields = [] }: Farewell,
  method: string,
  marks: EarlyMarks,
): string {
  const body = JSON.stringify({ ...toProblem(error, marks.traceId), status });
  const head = `Content-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  const more = linesOf([...fields, ...(marks.fields ?? [])]);
  return `${statusLine(status)}${head}${more}Connection: close\r\n\r\n${method === "HEAD" ? "" : body}`;
}

function linesOf(fields: HeaderList): string {
  let text = "";
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return text;
}

/** What is no request, or one we do not take. */
export function malformedAnswer(problem: WireProblem): Farewell {
  return { error: malformedError(problem), status: problem.status };
}

export function malformedError({ clause, status, text }: WireProblem): TuskerError {
  const message = `the request could not be understood: ${text}`;
  return new TuskerError("NET_MALFORMED", message, { status, details: { side: "client", clause } });
}

/** RFC 9110 §9.3.6: we are no tunnel to anywhere. */
export function connectAnswer(): Farewell {
  return { error: new TuskerError("NET_MALFORMED", "CONNECT is not served here"), status: 501 };
}

/** RFC 9110 §15.5.9: the head did not come in time. */
export function slowHeadAnswer(timeoutMs: number): Farewell {
  const message = `the head of the request did not arrive within ${timeoutMs} ms`;
  return {
    error: new TuskerError("NET_TIMEOUT", message, { status: 408, details: { timeoutMs } }),
    status: 408,
  };
}

export function crowdedAnswer(): Farewell {
  const error = new TuskerError("NET_OVERLOADED", "too many open connections; try again in a moment");
  return { error, status: 503, fields: ["Retry-After", "1"] };
}

/** RFC 9110 §15.5.9: here it is the client that did not keep its time. */
export function slowBody(message: string, timeoutMs?: number): TuskerError {
  const details = { side: "client", ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return new TuskerError("NET_TIMEOUT", message, { status: 408, details });
}
