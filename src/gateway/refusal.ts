import { type Code, problemMediaType, systemCode, type TuskerError, toProblem } from "../kernel/index.ts";
import type { Answer, HeaderList } from "../net/index.ts";
import { formatRetryAfter } from "../resilience/index.ts";
import { isTooLarge } from "./verdict.ts";

/**
 * The answer the gateway gives of its own: a problem document (RFC 9457) with code and trace id, and `Proxy-Status`
 * (RFC 9209), so that a client can tell the gateway's word from the service's.
 *
 * @param fields added to the head: `Allow`, `Retry-After`, the RateLimit fields
 * @param status in place of the status of the error's code
 */
export function refusal(
  error: TuskerError,
  traceId: string | undefined,
  fields: HeaderList = [],
  status = error.row.http,
): Answer {
  // RFC 9457 §3.1.2: the status of the document is that of the answer.
  const problem = { ...toProblem(error, traceId), status };
  const headers = [
    "Content-Type",
    problemMediaType,
    "Cache-Control",
    "no-store",
    "Proxy-Status",
    proxyStatus(error),
  ];
  const asked = fields.some((text, i) => i % 2 === 0 && text === "Retry-After");
  if (problem.status === 503 && !asked) headers.push("Retry-After", formatRetryAfter(retryAfterOf(error)));
  // The rest of what is too large would stand before the next request; nobody reads it.
  if (problem.status === 413) headers.push("Connection", "close");
  return { status: problem.status, headers: [...headers, ...fields], body: JSON.stringify(problem) };
}

/** RFC 9209 §2.3: what went wrong, as one of its registered words. */
export function proxyStatus(error: TuskerError): string {
  return `tusker; error=${wordOf(error)}`;
}

/** The same, of an answer of which no more is known than its code. */
export function statusWord(code: Code): string {
  return `tusker; error=${words[code] ?? "proxy_internal_error"}`;
}

const words: Partial<Record<Code, string>> = {
  GATEWAY_NO_ROUTE: "destination_not_found",
  GATEWAY_METHOD_NOT_ALLOWED: "http_request_error",
  GATEWAY_BAD_PATH: "http_request_error",
  GATEWAY_BAD_REQUEST: "http_request_error",
  GATEWAY_BODY_TOO_LARGE: "http_request_error",
  // What the engine says of clients; of services it is said in other words before anybody is told.
  NET_MALFORMED: "http_request_error",
  NET_TIMEOUT: "http_request_error",
  NET_OVERLOADED: "connection_limit_reached",
  GATEWAY_LOOP: "proxy_loop_detected",
  GATEWAY_RATE_LIMITED: "http_request_denied",
  GATEWAY_OVERLOADED: "connection_limit_reached",
  GATEWAY_NO_ENDPOINT: "destination_unavailable",
  GATEWAY_BREAKER_OPEN: "destination_unavailable",
  GATEWAY_DRAINING: "destination_unavailable",
  GATEWAY_BAD_UPSTREAM: "http_protocol_error",
  GATEWAY_TIMEOUT: "http_response_timeout",
  GATEWAY_UNAUTHENTICATED: "http_request_denied",
  GATEWAY_FORBIDDEN: "http_request_denied",
  GATEWAY_KEYS_UNAVAILABLE: "destination_unavailable",
  GATEWAY_SHED: "connection_limit_reached",
  GATEWAY_FAULT_INJECTED: "proxy_internal_response",
};

function wordOf(error: TuskerError): string {
  if (error.code === "GATEWAY_BAD_UPSTREAM" && isTooLarge(error.cause))
    return "http_response_header_section_size";
  if (error.code !== "GATEWAY_UPSTREAM_UNAVAILABLE") return words[error.code] ?? "proxy_internal_error";
  switch (systemCode(error)) {
    case "ECONNREFUSED":
      return "connection_refused";
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return "connection_timeout";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "dns_error";
    default:
      return "connection_terminated";
  }
}

function retryAfterOf(error: TuskerError): number {
  const { retry_after_ms } = error.details;
  return typeof retry_after_ms === "number" ? retry_after_ms : 1000;
}
