import type { Endpoint } from "../discovery/index.ts";
import type { TuskerError } from "../kernel/index.ts";
import type { ByteStream, HeaderList, ServerExchange } from "../net/index.ts";
import {
  deadlineHeader,
  formatRemaining,
  hedge,
  type Lease,
  parseRetryAfter,
  remainingMs,
  retry,
  type TimeLimit,
  type Tried,
  timeLimit,
} from "../resilience/index.ts";
import { inject, type Span } from "../telemetry/index.ts";
import type { RequestBody } from "./body.ts";
import type { Door } from "./door.ts";
import { Expectation, expects } from "./forward/expectation.ts";
import type { ForwardedAnswer, ForwardOutcome } from "./forward/forwarder.ts";
import { answerHead } from "./head/answer.ts";
import { attemptHeader } from "./head/request.ts";
import type { Trail } from "./policy/access-log.ts";
import { retriesOn } from "./policy/retry-on.ts";
import { keyOf, type Visit } from "./policy/visit.ts";
import type { Route } from "./route.ts";
import { answeredTry, trySpan } from "./spans.ts";
import { firstSet, type Upstream } from "./upstream.ts";
import { allOpen, clientGone, failureOf, noEndpoint, shed, tooLate, upstreamError } from "./verdict.ts";

/** One request under way. */
export interface Trip {
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
  /** What stands behind the body, once it has been read; undefined when nothing was announced. */
  readonly trailers: (() => HeaderList) | undefined;
  readonly repeatable: boolean;
  readonly deadlineMs: number;
  /** When whoever asks has given up, as he said; Infinity when he did not. */
  readonly callersMs: number;
  /** The time of one try that may be repeated: an equal share of what the request had when it came. */
  readonly shareMs: number;
  /** Ids of endpoints that were asked already. */
  readonly tried: Set<string>;
}

/** What one try came to: an answer that waits to be relayed, or a reason why there is none. */
export type Try =
  | {
      readonly kind: "answer";
      readonly answer: ForwardedAnswer;
      /** Names its endpoint to the client's cookie. */
      readonly mark: string;
      /** Gives back what the try holds: its place on the endpoint, its signal, its span. */
      readonly end: () => void;
    }
  | {
      readonly kind: "refused";
      readonly error: TuskerError;
      /** True when a service may have acted on the request. */
      readonly sent?: boolean;
    };

/** Step 7 of the journey: the tries. The service is held until the answer is through, whatever is reloaded meanwhile. */
export async function atService(trip: Trip): Promise<Try> {
  const { upstream } = trip;
  upstream.enter();
  const last = await inRoom(trip).catch((error) => {
    upstream.leave();
    throw error;
  });
  if (last.kind === "answer") return endingWith(last, () => upstream.leave());
  upstream.leave();
  return last;
}

/** Takes a place at the service, or says why there is none. Whoever got one leaves it once. */
export async function refusedPlace({
  door,
  exchange,
  route,
  upstream,
  deadlineMs,
}: Trip): Promise<TuskerError | undefined> {
  const leftMs = remainingMs(deadlineMs, door.clock.now());
  const entry = await upstream.room.places.enter(route.priority, exchange.signal, leftMs);
  if (entry === "entered") return undefined;
  if (entry === "aborted") return clientGone();
  door.meters.shed(upstream.service, route.priority);
  return shed(upstream.service);
}

/** The tries, once the service has a place for the request. The place is held until the answer is through. */
async function inRoom(trip: Trip): Promise<Try> {
  const { room } = trip.upstream;
  const error = await refusedPlace(trip);
  if (error !== undefined) return { kind: "refused", error };
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
  room.answered(last.answer.status, trip.door.clock.now() - startMs, inFlight);
  return endingWith(last, () => room.places.leave());
}

function endingWith<T extends Extract<Try, { kind: "answer" }>>(last: T, more: () => void): T {
  const end = (): void => {
    last.end();
    more();
  };
  return { ...last, end };
}

/** The other service, asked once, where the first one could not answer at all. */
export async function withFallback(trip: Trip, last: Try): Promise<Try> {
  const { fallbackUpstream } = trip.route;
  if (fallbackUpstream === undefined || last.kind !== "refused" || !isDown(last.error)) return last;
  const untilMs = Math.min(trip.callersMs, trip.door.clock.now() + fallbackMs);
  const deadlineMs = Math.max(trip.deadlineMs, untilMs);
  // Who asked has given up: nobody would see the answer.
  if (remainingMs(deadlineMs, trip.door.clock.now()) === 0) return last;
  if (trip.body?.replayable === false) return last;
  // What may have been acted on is not asked of another one: an order would be placed twice.
  if (last.sent === true && !trip.repeatable) return last;
  trip.door.meters.fellBack(trip.upstream.service, fallbackUpstream.service);
  return atService({
    ...trip,
    upstream: fallbackUpstream,
    tried: new Set(),
    deadlineMs,
  });
}

/** A fallback that is asked after the route's time was up has this long, as far as the caller waits. */
const fallbackMs = 1_000;

export function isDown({ row, code }: TuskerError): boolean {
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
        const tried = await (route.hedge && trip.repeatable
          ? hedgedTry(trip, number)
          : oneTry(trip, number, { body: trip.body?.stream() }));
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

/**
 * A try of which a second copy goes out when it takes unusually long. With a body there is one as soon as all of it is
 * here and was short enough to be kept.
 */
async function hedgedTry(trip: Trip, number: number): Promise<Tried<Try>> {
  const { body } = trip;
  const { service, hedge: policy } = trip.upstream;
  const { tried, hedged, copy } = await hedge<Try>(
    policy,
    (copy, calledOff) =>
      oneTry(trip, number, { calledOff, body: copy === 1 ? body?.stream() : streamOf(body?.kept()) }),
    {
      discard({ value }) {
        if (value.kind !== "answer") return;
        value.answer.discard();
        value.end();
      },
      copyable: () => body === undefined || body.kept() !== undefined,
    },
  );
  if (hedged) trip.door.meters.hedged(service, copy === 2 ? "second" : "first");
  return tried;
}

/** What may differ between the copies of one try. */
interface Copy {
  readonly body: ByteStream | undefined;
  /** Fires when the other copy won. */
  readonly calledOff?: AbortSignal;
}

async function* streamed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function streamOf(chunks: readonly Uint8Array[] | undefined): ByteStream | undefined {
  return chunks === undefined ? undefined : streamed(chunks);
}

async function oneTry(trip: Trip, number: number, copy: Copy): Promise<Tried<Try>> {
  const { door, exchange, route, upstream } = trip;
  const { service } = upstream;
  await firstSet(upstream, door.clock);
  const leftMs = remainingMs(trip.deadlineMs, door.clock.now());
  if (leftMs === 0) return given(tooLate(service, route.timeoutMs, number - 1));
  // Pick: a breaker that is due a probe, else the balancer's choice among closed ones not asked before.
  const picked = upstream.cluster.pick(trip.tried, hintsOf(trip));
  if (picked.kind === "none") return given(noEndpoint(service));
  if (picked.kind === "open") return given(allOpen(service, picked.untilMs - door.clock.now()));
  const { lease } = picked;
  trip.tried.add(lease.endpoint.id);
  trip.seen.endpoint = lease.endpoint;
  // Forward. A try that could not be repeated anyway, and the last one, may use all the time there is.
  const mayRepeat = trip.repeatable && number <= route.retries;
  const ms = Math.min(leftMs, route.tryTimeoutMs ?? (mayRepeat ? trip.shareMs : leftMs));
  const limit = timeLimit(door.clock, {
    ms,
    parents: [exchange.signal, copy.calledOff],
    reason: () => tooLate(service, route.timeoutMs, number),
  });
  const span = trySpan(
    door.tracer,
    trip.span,
    { method: exchange.method, path: trip.path, attempt: number },
    lease.endpoint,
  );
  // What the first try was told to continue with is on its way; undici knows no expectations.
  const asks =
    number === 1 && copy.body !== undefined && door.forwarder.name === "engine" && expects(exchange);
  using expectation = asks ? new Expectation(door.clock) : undefined;
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
        ...(asks ? ["Expect", "100-continue"] : []),
      ],
      body: copy.body === undefined ? undefined : (expectation?.heldBack(copy.body) ?? copy.body),
      trailers: trip.trailers,
      signal: limit.signal,
      onInform: (status, fields) => {
        if (status === 100) expectation?.continue();
        else passOn(exchange, status, fields);
      },
    },
    lease.endpoint,
  );
  return judge(trip, outcome, { lease, limit, span, calledOff: copy.calledOff });
}

/** RFC 9110 §15.2: an interim answer goes on; a 100 does when the client's body is asked for. */
function passOn(exchange: Trip["exchange"], status: number, fields: HeaderList): void {
  if (status > 101) exchange.inform(status, answerHead(fields, status, []));
}

/** What the choice of an endpoint shall go by; undefined for most routes. */
export function hintsOf({ route, visit }: Trip): { key?: string; mark?: string } | undefined {
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
      value: {
        kind: "refused",
        error: upstreamError(placeOf(trip), outcome, failure, trip.seen.attempts),
        sent: outcome.sent,
      },
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

function attemptFields(number: number): string[] {
  return number > 1 ? [attemptHeader, String(number)] : [];
}

/** A try that ended before anybody was asked. Nobody is to blame, and asking again would end the same way. */
function given(error: TuskerError): Tried<Try> {
  return { value: { kind: "refused", error }, failure: { kind: "final" } };
}
