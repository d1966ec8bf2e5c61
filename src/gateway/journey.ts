import { hash } from "node:crypto";
import { type TuskerError, toTuskerError } from "../kernel/index.ts";
import type { ServerExchange } from "../net/index.ts";
import { incomingDeadline, isRepeatable, perTryMs } from "../resilience/index.ts";
import type { Span } from "../telemetry/index.ts";
import { bodyTooLarge, drainBody, type RequestBody, requestBody } from "./body.ts";
import { type Destination, destinationOf, visitOf } from "./destination.ts";
import type { Door } from "./door.ts";
import { isTunnel, throughTunnel } from "./engine/tunnel.ts";
import { clientAddress, clientKey } from "./head/client.ts";
import { earlierHops } from "./head/forwarded.ts";
import { rateLimitFields } from "./head/rate-limit.ts";
import { replyHead } from "./head/reply.ts";
import { consumerHeader, requestHead } from "./head/request.ts";
import { announcedTrailers, trailersFor } from "./head/request-trailers.ts";
import { prefixOf } from "./match/strip-prefix.ts";
import { accessLine, isLogged, type Trail, trail } from "./policy/access-log.ts";
import { compression } from "./policy/compress.ts";
import { answerOf } from "./policy/local.ts";
import { keyOf, type Verdict, type Visit } from "./policy/visit.ts";
import { proxyStatus, refusal } from "./refusal.ts";
import type { Route } from "./route.ts";
import { endServerSpan, serverSpan } from "./spans.ts";
import { atService, isDown, type Trip, type Try, withFallback } from "./tries.ts";
import { noEndpoint, overloaded, rateLimited } from "./verdict.ts";

/** The whole journey of a request, from the client to the service and back. */
export async function travel(door: Door, exchange: ServerExchange): Promise<void> {
  // 1. Accept. What does not fit is refused while refusing is cheap.
  if (!door.inFlight.tryEnter()) return turnAway(door, exchange);
  try {
    const startMs = door.clock.now();
    // 2. Match: one understanding of the target, one route, or a reason why not.
    const to = destinationOf(exchange, door.snapshot, door.pseudonym);
    using body = bodyFor(door, exchange, to);
    // 3. Trace: everything from here on is a child of this span. Steps 4 to 8 are `throughRoute`.
    const seen = trail();
    await traced(door, exchange, { to, startMs, seen }, (span) =>
      to.kind === "route"
        ? throughRoute(door, exchange, { to, body, span, startMs, seen })
        : answerHere(exchange, to, span),
    );
    // 9. A body that was answered before its end is taken in, so that the connection stays in step.
    if (body?.pending === true) await drainBody(body, exchange, door.clock);
  } finally {
    door.inFlight.leave();
  }
}

async function turnAway(door: Door, exchange: ServerExchange): Promise<void> {
  const to = { kind: "refused", error: overloaded() } as const;
  await traced(door, exchange, { to, startMs: door.clock.now(), seen: trail() }, (span) =>
    refuse(exchange, to.error, span),
  );
}

function bodyFor(door: Door, exchange: ServerExchange, to: Destination): RequestBody | undefined {
  if (to.kind !== "route" || !exchange.hasBody) return undefined;
  return requestBody(exchange, to.route.maxBodyBytes, door.replayRoom);
}

interface Arrived {
  readonly to: Destination;
  readonly startMs: number;
  readonly seen: Trail;
}

/** Runs `answer` inside the request's span and counts what it answered. */
async function traced(
  door: Door,
  exchange: ServerExchange,
  { to, startMs, seen }: Arrived,
  answer: (span: Span) => Promise<number>,
): Promise<void> {
  const span = serverSpan(
    door.tracer,
    exchange,
    to.kind === "route" ? { route: to.route.path, path: to.path } : undefined,
  );
  let status = 500;
  try {
    status = await answer(span);
  } catch (error) {
    span.recordError(error);
    door.log.error("a request failed inside the gateway", { error: toTuskerError(error).message });
    if (exchange.answered) exchange.abort();
    else await exchange.respond(refusal(toTuskerError(error), span.context.traceId));
  } finally {
    endServerSpan(span, status);
    const meter = to.kind === "route" ? to.route.meter : door.strayMeter;
    const tookMs = door.clock.now() - startMs;
    meter.answered(exchange.method, status, tookMs / 1000);
    if (isLogged(status, door.snapshot.accessLog, door.random))
      door.access.info(
        "access",
        accessLine(exchange, to, { status, tookMs, traceId: span.context.traceId }, seen),
      );
  }
}

type RouteDestination = Extract<Destination, { kind: "route" }>;

/** Answers what needs no service. */
async function answerHere(
  exchange: ServerExchange,
  to: Exclude<Destination, RouteDestination>,
  span: Span,
): Promise<number> {
  if (to.kind === "refused") return refuse(exchange, to.error, span, to.fields);
  await exchange.respond({ status: 204, headers: ["Allow", to.allow.join(", ")] });
  return 204;
}

interface RouteRequest {
  readonly to: RouteDestination;
  readonly body: RequestBody | undefined;
  readonly span: Span;
  readonly startMs: number;
  readonly seen: Trail;
}

/** Steps 4 to 8. Gives back the status that was answered; 499 when the client did not wait for it. */
async function throughRoute(
  door: Door,
  exchange: ServerExchange,
  { to, body, span, startMs, seen }: RouteRequest,
): Promise<number> {
  const { route, head } = to;
  // 4. Who asks: address as far as trusted proxies vouch for it, CORS, limit, key or token. Guessing keys is limited
  // too; only a limit per consumer comes after it is known who that is.
  const { trusted } = door.snapshot;
  const peer = exchange.remoteAddress;
  const client = trusted.has(peer) ? clientAddress(peer, earlierHops(head).forwardedFor, trusted) : peer;
  span.setAttribute("client.address", client);
  seen.client = client;
  const visit = visitOf(exchange, to, client);
  const perConsumer = route.limit?.key === "consumer";
  const told =
    (await route.guard?.(visit)) ??
    (perConsumer ? undefined : limited(route, visit)) ??
    (await route.auth?.(visit)) ??
    (perConsumer ? limited(route, visit) : undefined) ??
    announcedTooLarge(route, exchange);
  seen.consumer = visit.consumer;
  if (told !== undefined) return tell(exchange, told, span, visit.answerFields);
  // Faults on purpose, and what is answered without a service.
  const own = await route.lateGuard?.(visit);
  if (own !== undefined) return tell(exchange, own, span, visit.answerFields);
  const upstream = route.split?.(visit) ?? route.upstream;
  if (upstream === undefined) return refuse(exchange, noEndpoint(route.service), span, visit.answerFields);
  // 5. Deadline: the route's, or the caller's if that is earlier.
  const now = door.clock.now();
  const callersMs = incomingDeadline((name) => exchange.header(name), now) ?? Infinity;
  const deadlineMs = Math.min(startMs + route.timeoutMs, callersMs);
  // 6. The request as the service shall see it, but for what differs from try to try.
  const prefix = prefixOf(to.path, route.stripPrefix);
  const arrival = {
    peer: exchange.remoteAddress,
    proto: "http",
    host: to.host,
    prefix,
    trusted: door.snapshot.trusted.has(exchange.remoteAddress),
  } as const;
  const headers = requestHead(head, arrival, `${exchange.httpVersion} ${door.pseudonym}`, exchange.hasBody);
  if (visit.consumer !== undefined) headers.push(consumerHeader, visit.consumer);
  const announced = announcedTrailers(head.fields);
  if (announced.length > 0) headers.push("Trailer", announced.join(", "));
  const trip: Trip = {
    door,
    exchange,
    route,
    span,
    upstream,
    visit,
    seen,
    path: `${route.addPrefix}${to.path.slice(prefix.length) || "/"}${to.query}`,
    headers: route.edit === undefined ? headers : route.edit(headers),
    body,
    trailers: announced.length === 0 ? undefined : () => trailersFor(exchange.trailers?.() ?? [], announced),
    repeatable: isRepeatable(exchange.method, {
      idempotencyKey: head.idempotencyKey,
      retryUnsafe: route.retryUnsafe,
    }),
    deadlineMs,
    callersMs,
    shareMs: perTryMs(deadlineMs - startMs, route.retries),
    tried: new Set(),
  };
  // 7. A client that wants another protocol gets a tunnel; everything else is tried.
  if (exchange.upgrade !== undefined && isTunnel(exchange.upgrade)) {
    const tunnelled = await throughTunnel(trip, exchange.upgrade);
    return typeof tunnelled === "number" ? tunnelled : answerRefused(trip, tunnelled);
  }
  // Tries: each picks an endpoint whose breaker is closed, and forwards.
  const last = await withFallback(trip, await atService(trip));
  // 8. Answer: the service's, streamed through, or a problem document that names the service.
  const status = await answer(trip, last);
  route.shadow?.send({
    ...{ method: exchange.method, path: trip.path, headers: trip.headers },
    body: body === undefined ? undefined : (body.kept() ?? "lost"),
  });
  return status;
}

/** Gives the answer of a policy in place of the service's. */
async function tell(
  exchange: ServerExchange,
  told: NonNullable<Verdict>,
  span: Span,
  fields: readonly string[],
): Promise<number> {
  if (told.kind === "refuse")
    return refuse(exchange, told.error, span, [...fields, ...(told.fields ?? [])], told.status);
  await exchange.respond(told.answer);
  return told.answer.status;
}

/** The verdict of the route's limit; its fields stand on every answer. */
function limited({ limit, meter }: Route, visit: Visit): Verdict {
  if (limit === undefined) return undefined;
  const decision = limit.rate.check(limitKey(limit.key, visit));
  visit.answerFields.push(...rateLimitFields(limit.words, decision));
  if (decision.allowed) return undefined;
  meter.limited();
  return { kind: "refuse", error: rateLimited(decision) };
}

/** Said before a byte is read: the client may still be waiting for 100 Continue. */
function announcedTooLarge({ maxBodyBytes }: Route, exchange: ServerExchange): Verdict {
  if (Number(exchange.header("content-length") ?? 0) <= maxBodyBytes) return undefined;
  return { kind: "refuse", error: bodyTooLarge(maxBodyBytes) };
}

/** A request that lacks what is counted is counted by its address: leaving the key out must not lift the limit. */
function limitKey(source: string, visit: Visit): string {
  const key = source === "client" ? undefined : keyOf(source, visit);
  if (key === undefined) return clientKey(visit.client);
  // What clients write may be a token, which is not kept, and long; cut off, two that begin alike would be one.
  return `${source} ${source === "consumer" ? key : hash("sha256", key, "base64url")}`;
}

async function answer(trip: Trip, last: Try): Promise<number> {
  const { door, exchange, route, span, upstream, visit } = trip;
  if (last.kind === "refused") return answerRefused(trip, last.error);
  const { status, headers } = last.answer;
  const fields = replyHead(route, visit, { status, headers, mark: last.mark });
  const packed = route.compress ? compression(exchange.header("accept-encoding"), status, fields) : fields;
  try {
    // RFC 9110 §9.3.2: HEAD is told the fields of GET; there is only nothing to compress.
    if ("through" in packed && exchange.method === "HEAD") await last.answer.relay(exchange, packed.fields);
    else if ("through" in packed) await last.answer.relay(exchange, packed.fields, packed.through);
    else await last.answer.relay(exchange, packed);
  } catch (error) {
    if (!exchange.signal.aborted) {
      door.meters.broken(upstream.service);
      span.recordError(error);
      door.log.warn("a service broke off its answer", {
        service: upstream.service,
        error: toTuskerError(error).message,
      });
    }
  } finally {
    last.end();
  }
  return exchange.signal.aborted ? 499 : status;
}

/** The fallback of the route, or a problem document that names the service. */
async function answerRefused({ exchange, route, span, visit }: Trip, error: TuskerError): Promise<number> {
  if (error.code === "GATEWAY_CLIENT_GONE") return 499;
  if (route.fallback === undefined || !isDown(error))
    return refuse(exchange, error, span, visit.answerFields);
  span.setAttribute("tusker.code", error.code);
  await exchange.respond(
    answerOf(route.fallback, [...visit.answerFields, "Proxy-Status", proxyStatus(error)]),
  );
  return route.fallback.status;
}

async function refuse(
  exchange: ServerExchange,
  error: TuskerError,
  span: Span,
  fields: readonly string[] = [],
  status = error.row.http,
): Promise<number> {
  span.setAttribute("tusker.code", error.code);
  await exchange.respond(refusal(error, span.context.traceId, fields, status));
  return status;
}
