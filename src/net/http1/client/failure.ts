import { systemCode, TuskerError } from "../../../kernel/index.ts";
import type { WireProblem } from "../codec/problem.ts";

/** The failures of requests to one origin, told apart as docs/reference/errors.md says. */
export function cannotConnect(origin: string, cause: Error): TuskerError {
  const reason = systemCode(cause) ?? cause.name;
  const details = { origin, sent: false, reason };
  return new TuskerError("NET_CONNECT", `cannot connect to ${origin} (${reason})`, { cause, details });
}

export function poolClosed(origin: string): TuskerError {
  const details = { origin, sent: false };
  return new TuskerError("NET_CONNECT", `the connections to ${origin} were closed`, { details });
}

export function poolFull(origin: string, waiting: number): TuskerError {
  const message = `${waiting} requests wait for a connection to ${origin} already`;
  return new TuskerError("NET_OVERLOADED", message, { details: { origin, sent: false, waiting } });
}

export function brokeOff(origin: string, cause: Error | undefined): TuskerError {
  const reason = cause === undefined ? "closed" : (systemCode(cause) ?? cause.name);
  const details = { origin, sent: true, reason };
  const message = `${origin} closed the connection before its answer was complete (${reason})`;
  return new TuskerError("NET_RESET", message, { cause, details });
}

export function tooSlow(origin: string, what: string, timeoutMs: number): TuskerError {
  const details = { origin, sent: true, timeoutMs };
  return new TuskerError("NET_TIMEOUT", `${origin} ${what} within ${timeoutMs} ms`, { details });
}

export function noHttp(origin: string, { clause, text }: WireProblem): TuskerError {
  const details = { origin, sent: true, reason: clause };
  return new TuskerError("NET_MALFORMED", `${origin} sent something that is not HTTP: ${text}`, { details });
}
