import type { Endpoint } from "../discovery/index.ts";
import { type TuskerError, toTuskerError } from "../kernel/index.ts";
import type { ServerExchange } from "../net/index.ts";
import {
  deadlineHeader,
  formatRemaining,
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
import { drainBody, type RequestBody, requestBody } from "./body.ts";
import { type Destination, destinationOf } from "./destination.ts";
import type { Door } from "./door.ts";
import type { ForwardedAnswer, ForwardOutcome } from "./forward/forwarder.ts";
import { answerHead } from "./head/answer.ts";
import { clientAddress, clientKey } from "./head/client.ts";
import { rateLimitFields } from "./head/rate-limit.ts";
import { attemptHeader, requestHead } from "./head/request.ts";
import { prefixOf } from "./match/strip-prefix.ts";
import { refusal } from "./refusal.ts";
import type { Route } from "./snapshot.ts";
import { answeredTry, endServerSpan, serverSpan, trySpan } from "./spans.ts";
import { firstSet } from "./upstream.ts";
import {
  allOpen,
  clientGone,
  failureOf,
  noEndpoint,
  overloaded,
  rateLimited,
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
    await traced(door, exchange, to, startMs, (span) =>
      to.kind === "route"
        ? throughRoute(door, exchange, { to, body, span, startMs })
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

/** Runs `answer` inside the request's span and counts what it answered. */
async function traced(
  door: Door,
  exchange: ServerExchange,
  to: Destination,
  startMs: number,
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
    meter.answered(exchange.method, status, (door.clock.now() - startMs) / 1000);
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
}

/** Steps 4 to 8. Gives back the status that was answered; 499 when the client did not wait for it. */
async function throughRoute(
  door: Door,
  exchange: ServerExchange,
  { to, body, span, startMs }: RouteRequest,
): Promise<number> {
  const { route, head } = to;
  // 4. Rate limit, by the client's address as far as trusted proxies vouch for it.
  const client = clientAddress(exchange.remoteAddress, head.forwardedFor, door.snapshot.trusted);
  span.setAttribute("client.address", client);
  const decision = route.limit?.rate.check(clientKey(client));
  const limitFields =
    route.limit === undefined || decision === undefined
      ? []
      : rateLimitFields(route.limit.name, route.limit.rate.settings, decision);
  if (decision?.allowed === false) {
    route.meter.limited();
    return refuse(exchange, rateLimited(decision), span, limitFields);
  }
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
  const trip: Trip = {
    door,
    exchange,
    route,
    span,
    path: `${to.path.slice(prefix.length) || "/"}${to.query}`,
    headers: requestHead(head, arrival, `${exchange.httpVersion} ${door.pseudonym}`, exchange.hasBody),
    body,
    repeatable: isRepeatable(exchange.method, {
      idempotencyKey: head.idempotencyKey,
      retryUnsafe: route.retryUnsafe,
    }),
    deadlineMs,
    tried: new Set(),
  };
  // 7. Tries: each picks an endpoint whose breaker is closed, and forwards.
  const last = await tries(trip);
  // 8. Answer: the service's, streamed through, or a problem document that names the service.
  return answer(trip, last, limitFields);
}

/** One request under way. */
interface Trip {
  readonly door: Door;
  readonly exchange: ServerExchange;
  readonly route: Route;
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
      /** Gives back what the try holds: its place on the endpoint, its signal, its span. */
      readonly end: () => void;
    }
  | { readonly kind: "refused"; readonly error: TuskerError };

async function tries(trip: Trip): Promise<Try> {
  const { door, exchange, route } = trip;
  const { service, budget } = route.upstream;
  try {
    const last = await retry<Try>(
      { retries: route.retries, backoff: door.backoff, budget, clock: door.clock },
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
      (number) => oneTry(trip, number),
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

async function oneTry(trip: Trip, number: number): Promise<Tried<Try>> {
  const { door, exchange, route } = trip;
  await firstSet(route.upstream, door.clock);
  const leftMs = remainingMs(trip.deadlineMs, door.clock.now());
  if (leftMs === 0) return given(tooLate(route, trip.tried.size));
  // Pick: a breaker that is due a probe, else the balancer's choice among closed ones not asked before.
  const picked = route.upstream.cluster.pick(trip.tried);
  if (picked.kind === "none") return given(noEndpoint(route.service));
  if (picked.kind === "open") return given(allOpen(route.service, picked.untilMs - door.clock.now()));
  const { lease } = picked;
  trip.tried.add(lease.endpoint.id);
  // Forward. A try that could not be repeated anyway, and the last one, may use all the time there is.
  const mayRepeat = trip.repeatable && number <= route.retries;
  const ms = mayRepeat ? Math.min(leftMs, perTryMs(route.timeoutMs, route.retries)) : leftMs;
  const limit = timeLimit(door.clock, {
    ms,
    parents: [exchange.signal],
    reason: () => tooLate(route, number),
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
  return judge(trip, outcome, { lease, limit, span });
}

interface TryParts {
  readonly lease: Lease<Endpoint>;
  readonly limit: TimeLimit;
  readonly span: Span;
}

/** Tells the endpoint's load and breaker what came of a try, and the retry loop whether another one makes sense. */
function judge(trip: Trip, outcome: ForwardOutcome, { lease, limit, span }: TryParts): Tried<Try> {
  const end = (): void => {
    lease[Symbol.dispose]();
    limit[Symbol.dispose]();
    span.end();
  };
  if (!outcome.ok) {
    const failure = failureOf(outcome, limit.expired, trip.exchange.signal.aborted);
    if (failure.blame) lease.failure();
    span.recordError(outcome.cause);
    end();
    return {
      value: { kind: "refused", error: upstreamError(trip.route, outcome, failure, trip.tried.size) },
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
  const value: Try = { kind: "answer", answer, end };
  return answer.status < 500
    ? { value }
    : { value, failure: { kind: "status", status: answer.status }, retryAfterMs };
}

async function answer(trip: Trip, last: Try, limitFields: readonly string[]): Promise<number> {
  const { door, exchange, route, span } = trip;
  if (last.kind === "refused") {
    if (last.error.code === "GATEWAY_CLIENT_GONE") return 499;
    return refuse(exchange, last.error, span, limitFields);
  }
  const { status, headers } = last.answer;
  try {
    await last.answer.relay(exchange, answerHead(headers, status, limitFields));
  } catch (error) {
    if (!exchange.signal.aborted) {
      door.meters.broken(route.service);
      span.recordError(error);
      door.log.warn("a service broke off its answer", {
        service: route.service,
        error: toTuskerError(error).message,
      });
    }
  } finally {
    last.end();
  }
  return exchange.signal.aborted ? 499 : status;
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
