import type { Endpoint } from "../discovery/index.ts";
import type { ServerExchange } from "../net/index.ts";
import { extract, type Span, type SpanContext, type Tracer } from "../telemetry/index.ts";
import { knownMethod } from "./meters.ts";

/** What a span says of a request. */
export type Asked = Pick<
  ServerExchange,
  "method" | "target" | "headers" | "httpVersion" | "remoteAddress" | "header"
>;

/** Where it leads: the route's path as written, and the request's own, normalised. */
export interface Matched {
  readonly route: string;
  readonly path: string;
}

/**
 * The span of a request at the front door; OpenTelemetry HTTP semantic conventions, server.
 *
 * @param to undefined when no route was found
 */
export function serverSpan(
  tracer: Tracer,
  exchange: Asked,
  to: Matched | undefined,
  parent: SpanContext | "root" = extract(exchange.headers) ?? "root",
): Span {
  const method = knownMethod(exchange.method);
  const route = to?.route;
  const name = method === "_OTHER" ? "HTTP" : method;
  const span = tracer.startSpan(route === undefined ? name : `${name} ${route}`, { kind: "server", parent });
  if (!span.recording) return span;
  return span.setAttributes({
    "http.request.method": method,
    "http.request.method_original": method === "_OTHER" ? exchange.method : undefined,
    "http.route": route,
    "url.scheme": "http",
    // Without the query, which may hold what nobody else should read.
    "url.path": to?.path ?? exchange.target.split("?", 1)[0],
    "server.address": exchange.header("host"),
    "network.peer.address": exchange.remoteAddress,
    "network.protocol.version": exchange.httpVersion,
    "user_agent.original": exchange.header("user-agent"),
  });
}

/** A 4xx is the client's mistake and no error of this server. */
export function endServerSpan(span: Span, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 500) span.setAttribute("error.type", String(status)).setStatus("error");
  span.end();
}

/** The span of one try, a child of the request's. */
export function trySpan(
  tracer: Tracer,
  parent: Span,
  request: { readonly method: string; readonly path: string; readonly attempt: number },
  to: Endpoint,
): Span {
  const method = knownMethod(request.method);
  const span = tracer.startSpan(method === "_OTHER" ? "HTTP" : method, {
    kind: "client",
    parent: parent.context,
  });
  if (!span.recording) return span;
  return span.setAttributes({
    "http.request.method": method,
    "http.request.resend_count": request.attempt > 1 ? request.attempt - 1 : undefined,
    "url.path": request.path.split("?", 1)[0],
    "server.address": to.host,
    "server.port": to.port,
    "peer.service": to.service,
    "tusker.endpoint": to.id,
  });
}

/** What the service answered; for a client span every status from 400 is an error. */
export function answeredTry(span: Span, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 400) span.setAttribute("error.type", String(status)).setStatus("error");
}
