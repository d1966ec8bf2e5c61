import { problemMediaType, TuskerError, toProblem } from "../../../kernel/index.ts";
import type { WireProblem } from "../codec/problem.ts";
import { statusLine } from "../codec/reasons.ts";

/** A whole answer, written without an exchange: the connection closes after it. */
function lastWords(error: TuskerError, status: number, { method = "", more = "" } = {}): string {
  const body = JSON.stringify({ ...toProblem(error), status });
  const head = `Content-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${statusLine(status)}${head}${more}Connection: close\r\n\r\n${method === "HEAD" ? "" : body}`;
}

/**
 * What is no request, or one we do not take.
 *
 * @param method as far as it was understood: whoever asked for a HEAD would take a body for the next answer
 */
export function malformedAnswer(problem: WireProblem, method: string): string {
  return lastWords(malformedError(problem), problem.status, { method });
}

export function malformedError({ clause, status, text }: WireProblem): TuskerError {
  const message = `the request could not be understood: ${text}`;
  return new TuskerError("NET_MALFORMED", message, { status, details: { side: "client", clause } });
}

/** RFC 9110 §9.3.6: we are no tunnel to anywhere. */
export function connectAnswer(): string {
  return lastWords(new TuskerError("NET_MALFORMED", "CONNECT is not served here"), 501);
}

/** RFC 9110 §15.5.9: the head did not come in time. */
export function slowHeadAnswer(timeoutMs: number): string {
  const message = `the head of the request did not arrive within ${timeoutMs} ms`;
  return lastWords(new TuskerError("NET_TIMEOUT", message, { status: 408, details: { timeoutMs } }), 408);
}

export function crowdedAnswer(): string {
  const error = new TuskerError("NET_OVERLOADED", "too many open connections; try again in a moment");
  return lastWords(error, 503, { more: "Retry-After: 1\r\n" });
}

/** RFC 9110 §15.5.9: here it is the client that did not keep its time. */
export function slowBody(message: string, timeoutMs?: number): TuskerError {
  const details = { side: "client", ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return new TuskerError("NET_TIMEOUT", message, { status: 408, details });
}
