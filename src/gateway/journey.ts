import type { Endpoint } from "../discovery/index.ts";
import { type TuskerError, toTuskerError } from "../kernel/index.ts";
import type { ServerExchange } from "../net/index.ts";
import {
  deadlineHeader,
  formatRemaining,
  hedge,
  incomingDeadline,
  isRepeatable,
  type Lease,
  parseRetryAfter,
  perTryMs,
  remainingMs,
  retry,
  type TimeLimit,
  type Tried,
  timeLimit,
} from "../resilience/index.ts";
import { inject, type Span } from "../telemetry/index.ts";
import { accessLine, type Trail, trail } from "./access-log.ts";
import { drainBody, type RequestBody, requestBody } from "./body.ts";
import { type Destination, destinationOf, visitOf } from "./destination.ts";
import type { Door } from "./door.ts";
import type { ForwardedAnswer, ForwardOutcome } from "./forward/forwarder.ts";
import { answerHead } from "./head/answer.ts";
import { clientAddress, clientKey } from "./head/client.ts";
import { rateLimitFields } from "./head/rate-limit.ts";
import { attemptHeader, consumerHeader, requestHead } from "./head/request.ts";
import { prefixOf } from "./match/strip-prefix.ts";
import { compression } from "./policy/compress.ts";
import { answerOf } from "./policy/local.ts";
import { keyOf, type Verdict, type Visit } from "./policy/visit.ts";
import { proxyStatus, refusal } from "./refusal.ts";
import { retriesOn } from "./retry-on.ts";
import type { Route } from "./snapshot.ts";
import { answeredTry, endServerSpan, serverSpan, trySpan } from "./spans.ts";
import { firstSet, type Upstream } from "./upstream.ts";
import {
  allOpen,
  clientGone,
  failureOf,
  noEndpoint,
  overloaded,
  rateLimited,
  shed,
  tooLate,
  upstreamError,
} from "./verdict.ts";

/** The whole journey of a request, from the client to the service and back. */
export async function travel(door: Door, exchange: ServerExchange): Promise<void> {
  // 1. Accept. What does not fit is refused while refusing is cheap.
  if (!door.inFlight.tryEnter()) {
    door.strayMeter.answered(exchange.method, 503, 0);
    return exchange.respond(refusal(overloaded(), undefined));
  }
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
  const span = serverSpan(door.tracer, exchange, to);
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
    // Failures always; of the others a share.
    const { accessLog } = door.snapshot;
    if (accessLog > 0 && (status >= 500 || door.random.next() < accessLog))
      door.log.info(
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
  // 4. Who asks: address as far as trusted proxies vouch for it, CORS, key or token. Then the rate limit.
  const client = clientAddress(exchange.remoteAddress, head.forwardedFor, door.snapshot.trusted);
  span.setAttribute("client.address", client);
  const visit = visitOf(exchange, to, client);
  const told = await route.guard?.(visit);
  seen.client = client;
  seen.consumer = visit.consumer;
  if (told !== undefined) return tell(exchange, told, span, visit.answerFields);
  const decision = route.limit?.rate.check(limitKey(route.limit.key, visit));
  const limitFields =
    route.limit === undefined || decision === undefined
      ? []
      : rateLimitFields(route.limit.name, route.limit.rate.settings, decision);
  if (decision?.allowed === false) {
    route.meter.limited();
    return refuse(exchange, rateLimited(decision), span, [...limitFields, ...visit.answerFields]);
  }
  visit.answerFields.push(...limitFields);
  // Faults on purpose, and what is answered without a service.
  const own = await route.lateGuard?.(visit);
  if (own !== undefined) return tell(exchange, own, span, visit.answerFields);
  const upstream = route.split?.(visit) ?? route.upstream;
  if (upstream === undefined) return refuse(exchange, noEndpoint(route.service), span, visit.answerFields);
  // 5. Deadline: the route's, or the caller's if that is earlier.
  const now = door.clock.now();
  const deadlineMs = Math.min(
    startMs + route.timeoutMs,
    incomingDeadline((name) => exchange.header(name), now) ?? Infinity,
  );
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
    repeatable: isRepeatable(exchange.method, {
      idempotencyKey: head.idempotencyKey,
      retryUnsafe: route.retryUnsafe,
    }),
    deadlineMs,
    tried: new Set(),
  };
  // 7. Tries: each picks an endpoint whose breaker is closed, and forwards.
  const last = await withFallback(trip, await inRoom(trip));
  // 8. Answer: the service's, streamed through, or a problem document that names the service.
  const status = await answer(trip, last);
  route.shadow?.send({ method: exchange.method, path: trip.path, headers: trip.headers, body: body?.kept() });
  return status;
}

/** Gives the answer of a policy in place of the service's. */
async function tell(
  exchange: ServerExchange,
  told: NonNullable<Verdict>,
  span: Span,
  fields: readonly string[],
): Promise<number> {
  if (told.kind === "refuse") return refuse(exchange, told.error, span, [...fields, ...(told.fields ?? [])]);
  await exchange.respond(told.answer);
  return told.answer.status;
}

/** A request that lacks what is counted is counted by its address: leaving the key out must not lift the limit. */
function limitKey(source: string, visit: Visit): string {
  const key = source === "client" ? undefined : keyOf(source, visit);
  return key === undefined ? clientKey(visit.client) : `${source} ${key.slice(0, maxKeyChars)}`;
}

/** What clients write is kept in memory: a billion long keys must not fill it. */
const maxKeyChars = 256;

/** One request under way. */
interface Trip {
  readonly door: Door;
  readonly exchange: ServerExchange;
  readonly route: Route;
  readonly upstream: Upstream;
  readonly visit: Visit;
  readonly seen: Trail;
  readonly span: Span;
  /** Path and query as the service shall see them. */
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: RequestBody | undefined;
  readonly repeatable: boolean;
  readonly deadlineMs: number;
  /** Ids of endpoints that were asked already. */
  readonly tried: Set<string>;
}

/** What one try came to: an answer that waits to be relayed, or a reason why there is none. */
type Try =
  | {
      readonly kind: "answer";
      readonly answer: ForwardedAnswer;
      /** Names its endpoint to the client's cookie. */
      readonly mark: string;
      /** Gives back what the try holds: its place on the endpoint, its signal, its span. */
      readonly end: () => void;
    }
  | { readonly kind: "refused"; readonly error: TuskerError };

/** The tries, once the service has a place for the request. The place is held until the answer is through. */
async function inRoom(trip: Trip): Promise<Try> {
  const { room, service } = trip.upstream;
  if (room === undefined) return tries(trip);
  const entry = await room.places.enter(trip.route.priority, trip.exchange.signal);
  if (entry === "aborted") return { kind: "refused", error: clientGone() };
  if (entry !== "entered") {
    trip.door.meters.shed(service, trip.route.priority);
    return { kind: "refused", error: shed(service) };
  }
  const inFlight = room.places.inFlight;
  const startMs = trip.door.clock.now();
  const last = await tries(trip).catch((error) => {
    room.places.leave();
    throw error;
  });
  if (last.kind === "refused") {
    room.places.leave();
    if (last.error.code === "GATEWAY_TIMEOUT") room.dropped();
    return last;
  }
  if (last.answer.status === 429 || last.answer.status === 503) room.dropped();
  else room.answered(trip.door.clock.now() - startMs, inFlight);
  const end = (): void => {
    last.end();
    room.places.leave();
  };
  return { ...last, end };
}

/** The other service, asked once, where the first one could not answer at all. */
async function withFallback(trip: Trip, last: Try): Promise<Try> {
  const { fallbackUpstream } = trip.route;
  if (fallbackUpstream === undefined || last.kind !== "refused" || !isDown(last.error)) return last;
  if (trip.body?.replayable === false) return last;
  trip.door.meters.fellBack(trip.upstream.service, fallbackUpstream.service);
  return inRoom({
    ...trip,
    upstream: fallbackUpstream,
    tried: new Set(),
    deadlineMs: Math.max(trip.deadlineMs, trip.door.clock.now() + fallbackMs),
  });
}

/** A fallback that is asked after the time was up has this long. */
const fallbackMs = 1_000;

function isDown({ row, code }: TuskerError): boolean {
  return (row.http === 503 || row.http === 504 || row.http === 502) && code !== "GATEWAY_CLIENT_GONE";
}

async function tries(trip: Trip): Promise<Try> {
  const { door, exchange, route } = trip;
  const { service, budget } = trip.upstream;
  try {
    const last = await retry<Try>(
      {
        retries: route.retries,
        backoff: door.backoff,
        budget,
        clock: door.clock,
        statuses: route.retryStatuses,
      },
      {
        repeatable: trip.repeatable,
        deadlineMs: trip.deadlineMs,
        signal: exchange.signal,
        replayable: () => trip.body?.replayable ?? true,
        onRetry({ value, failure }) {
          door.meters.retried(service, failure?.kind ?? "none");
          if (value.kind !== "answer") return;
          value.answer.discard();
          value.end();
        },
      },
      async (number) => {
        trip.seen.attempts = number;
        const tried = await (route.hedge && trip.repeatable ? hedgedTry(trip, number) : oneTry(trip, number));
        // The route may not want this repeated, however safe it is.
        const { failure } = tried;
        if (failure === undefined || retriesOn(route.retryOn, failure)) return tried;
        return { ...tried, failure: { kind: "final" } };
      },
    );
    if (last.end === "budget" || last.end === "body" || last.end === "deadline")
      door.meters.notRetried(service, last.end);
    return last.value;
  } catch (error) {
    // The client went away during the wait before a try.
    if (exchange.signal.aborted) return { kind: "refused", error: clientGone() };
    throw error;
  }
}

/** A try of which a second copy goes out when it takes unusually long. Only without a body: there is one reader. */
async function hedgedTry(trip: Trip, number: number): Promise<Tried<Try>> {
  if (trip.body !== undefined) return oneTry(trip, number);
  const { service, hedge: policy } = trip.upstream;
  const { tried, hedged, copy } = await hedge<Try>(
    policy,
    (_copy, calledOff) => oneTry(trip, number, calledOff),
    ({ value }) => {
      if (value.kind !== "answer") return;
      value.answer.discard();
      value.end();
    },
  );
  if (hedged) trip.door.meters.hedged(service, copy === 2 ? "second" : "first");
  return tried;
}

async function oneTry(trip: Trip, number: number, calledOff?: AbortSignal): Promise<Tried<Try>> {
  const { door, exchange, route, upstream } = trip;
  const { service } = upstream;
  await firstSet(upstream, door.clock);
  const leftMs = remainingMs(trip.deadlineMs, door.clock.now());
  if (leftMs === 0) return given(tooLate(service, route.timeoutMs, trip.tried.size));
  // Pick: a breaker that is due a probe, else the balancer's choice among closed ones not asked before.
  const picked = upstream.cluster.pick(trip.tried, hintsOf(trip));
  if (picked.kind === "none") return given(noEndpoint(service));
  if (picked.kind === "open") return given(allOpen(service, picked.untilMs - door.clock.now()));
  const { lease } = picked;
  trip.tried.add(lease.endpoint.id);
  trip.seen.endpoint = lease.endpoint;
  // Forward. A try that could not be repeated anyway, and the last one, may use all the time there is.
  const mayRepeat = trip.repeatable && number <= route.retries;
  const share = mayRepeat ? perTryMs(route.timeoutMs, route.retries) : leftMs;
  const ms = Math.min(leftMs, route.tryTimeoutMs ?? share);
  const limit = timeLimit(door.clock, {
    ms,
    parents: [exchange.signal, calledOff],
    reason: () => tooLate(service, route.timeoutMs, number),
  });
  const span = trySpan(
    door.tracer,
    trip.span,
    { method: exchange.method, path: trip.path, attempt: number },
    lease.endpoint,
  );
  const outcome = await door.forwarder.forward(
    {
      method: exchange.method,
      path: trip.path,
      headers: [
        ...trip.headers,
        ...inject(span.context),
        deadlineHeader,
        formatRemaining(ms),
        ...attemptFields(number),
      ],
      body: trip.body?.stream(),
      signal: limit.signal,
    },
    lease.endpoint,
  );
  return judge(trip, outcome, { lease, limit, span, calledOff });
}

/** What the choice of an endpoint shall go by; undefined for most routes. */
function hintsOf({ route, visit }: Trip): { key?: string; mark?: string } | undefined {
  if (route.hash === undefined && route.sticky === undefined) return undefined;
  const key = route.hash === undefined ? undefined : keyOf(route.hash, visit);
  const mark = route.sticky?.markOf(visit);
  return { ...(key === undefined ? {} : { key }), ...(mark === undefined ? {} : { mark }) };
}

interface TryParts {
  readonly lease: Lease<Endpoint>;
  readonly limit: TimeLimit;
  readonly span: Span;
  /** Fires when another copy of the request won. */
  readonly calledOff: AbortSignal | undefined;
}

/** Tells the endpoint's load and breaker what came of a try, and the retry loop whether another one makes sense. */
function judge(trip: Trip, outcome: ForwardOutcome, parts: TryParts): Tried<Try> {
  const { lease, limit, span } = parts;
  const end = (): void => {
    lease[Symbol.dispose]();
    limit[Symbol.dispose]();
    span.end();
  };
  if (!outcome.ok) {
    const gone = trip.exchange.signal.aborted || parts.calledOff?.aborted === true;
    const failure = failureOf(outcome, limit.expired, gone);
    if (failure.blame) lease.failure();
    span.recordError(outcome.cause);
    end();
    return {
      value: { kind: "refused", error: upstreamError(placeOf(trip), outcome, failure, trip.tried.size) },
      failure,
    };
  }
  // The head came in time; from here on the signal ends the exchange only when the client goes.
  limit.lift();
  const { answer } = outcome;
  const retryAfterMs = parseRetryAfter(answer.header("retry-after"), trip.door.clock.wall());
  if (answer.status >= 500) lease.failure(retryAfterMs);
  else if (answer.status === 429) lease.overloaded(retryAfterMs);
  else lease.success();
  answeredTry(span, answer.status);
  const value: Try = { kind: "answer", answer, mark: lease.mark, end };
  const wanted = answer.status === 429 && trip.route.retryOn.has("429");
  return answer.status < 500 && !wanted
    ? { value }
    : { value, failure: { kind: "status", status: answer.status }, retryAfterMs };
}

function placeOf({ upstream, route }: Trip): { service: string; timeoutMs: number } {
  return { service: upstream.service, timeoutMs: route.timeoutMs };
}

async function answer(trip: Trip, last: Try): Promise<number> {
  const { door, exchange, route, span, upstream, visit } = trip;
  if (last.kind === "refused") return answerRefused(trip, last.error);
  const { status, headers } = last.answer;
  const { sticky } = route;
  if (sticky !== undefined && sticky.markOf(visit) !== last.mark)
    visit.answerFields.push("Set-Cookie", sticky.cookieFor(last.mark));
  const fields = answerHead(headers, status, visit.answerFields);
  const edited = route.reply === undefined ? fields : route.reply(fields);
  const packed =
    route.compress && exchange.method !== "HEAD"
      ? compression(exchange.header("accept-encoding"), status, edited)
      : edited;
  try {
    if ("through" in packed) await last.answer.relay(exchange, packed.fields, packed.through);
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
): Promise<number> {
  span.setAttribute("tusker.code", error.code);
  await exchange.respond(refusal(error, span.context.traceId, fields));
  return error.row.http;
}

function attemptFields(number: number): string[] {
  return number > 1 ? [attemptHeader, String(number)] : [];
}

/** A try that ended before anybody was asked. Nobody is to blame, and asking again would end the same way. */
function given(error: TuskerError): Tried<Try> {
  return { value: { kind: "refused", error }, failure: { kind: "final" } };
}
