import type { Endpoint } from "../discovery/index.ts";
import type { EarlyAnswer, ServerExchange } from "../net/index.ts";
import {
  type AttributeInput,
  extract,
  type Span,
  type SpanContext,
  SpanForm,
  type Tracer,
} from "../telemetry/index.ts";
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
  /** Its address, as far as trusted proxies vouch for it; told later where left out. */
  readonly client?: string;
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
  const span = tracer.startSpan(nameOf(exchange.method, to?.route), { kind: "server", parent });
  if (!span.recording) return span;
  const path = to?.path ?? pathOf(exchange.target);
  return span.setAttributes({
    ...headAttributes(exchange, to?.route),
    "url.path": path,
    "client.address": to?.client,
  });
}

/** The span of what never became a request. */
export function earlySpan(tracer: Tracer, { method, remoteAddress }: EarlyAnswer): Span {
  const known = method === "" ? undefined : knownMethod(method);
  const span = tracer.startSpan(nameOf(method, undefined), { kind: "server", parent: "root" });
  return span.setAttributes({
    "http.request.method": known ?? "_OTHER",
    "url.scheme": "http",
    "client.address": remoteAddress,
    "network.peer.address": remoteAddress,
  });
}

/** What the spans of requests with one head, from one client, to one route have in common. */
export function serverForm(exchange: Asked, route: string): SpanForm {
  const alike = { ...headAttributes(exchange, route), "client.address": exchange.remoteAddress };
  return new SpanForm(nameOf(exchange.method, route), "server", alike, ownOfSpan);
}

/** What nearly every span says besides its form. */
const ownOfSpan = ["url.path", "http.response.status_code"] as const;

function headAttributes(exchange: Asked, route: string | undefined): AttributeInput {
  const method = knownMethod(exchange.method);
  return {
    "http.request.method": method,
    "http.request.method_original": method === "_OTHER" ? exchange.method : undefined,
    "http.route": route,
    "url.scheme": "http",
    "server.address": exchange.header("host"),
    "network.peer.address": exchange.remoteAddress,
    "network.protocol.version": exchange.httpVersion,
    "user_agent.original": exchange.header("user-agent"),
  };
}

function nameOf(method: string, route: string | undefined): string {
  const known = knownMethod(method);
  const name = known === "_OTHER" ? "HTTP" : known;
  return route === undefined ? name : `${name} ${route}`;
}

/** Without the query, which may hold what nobody else should read. */
function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

/** A 4xx is the client's mistake and no error of this server. */
export function endServerSpan(span: Span, status: number, nowMs?: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 500) span.setAttribute("error.type", String(status)).setStatus("error");
  span.end(nowMs);
}

/** What a try is for. */
export interface TryRequest {
  readonly method: string;
  readonly path: string;
  readonly attempt: number;
  /** When it begins, for whoever knows. */
  readonly nowMs?: number | undefined;
}

/** The span of one try, a child of the request's. */
export function trySpan(tracer: Tracer, parent: Span, request: TryRequest, to: Endpoint): Span {
  const span = tracer.startFormed(tryForm(request.method, to), parent.context, request.nowMs);
  if (!span.recording) return span;
  if (request.attempt > 1) span.setAttribute("http.request.resend_count", request.attempt - 1);
  return span.setAttribute("url.path", pathOf(request.path));
}

/** By endpoint and method as written: an endpoint set keeps its objects from request to request. */
const tryForms = new WeakMap<Endpoint, TryForms>();

interface TryForms {
  /** Of the method that was used last, as nearly all are. */
  method: string;
  form: SpanForm;
  readonly others: Map<string, SpanForm>;
}

function tryForm(written: string, to: Endpoint): SpanForm {
  const known = tryForms.get(to);
  if (known?.method === written) return known.form;
  const method = knownMethod(written);
  const form = known?.others.get(method) ?? tryFormOf(written, to);
  if (known === undefined) tryForms.set(to, { method: written, form, others: new Map([[method, form]]) });
  else {
    known.method = written;
    known.form = form;
    known.others.set(method, form);
  }
  return form;
}

function tryFormOf(written: string, to: Endpoint): SpanForm {
  const alike = {
    "http.request.method": knownMethod(written),
    "server.address": to.host,
    "server.port": to.port,
    "peer.service": to.service,
    "tusker.endpoint": to.id,
  };
  return new SpanForm(nameOf(written, undefined), "client", alike, ownOfSpan);
}

/** What the service answered; for a client span every status from 400 is an error. */
export function answeredTry(span: Span, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (status >= 400) span.setAttribute("error.type", String(status)).setStatus("error");
}
