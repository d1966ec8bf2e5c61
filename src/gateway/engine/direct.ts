import type { Endpoint } from "../../discovery/index.ts";
import { type Timer, type TuskerError, toTuskerError } from "../../kernel/index.ts";
import {
  type AnswerHead,
  type AnswerListener,
  chunked,
  type ExchangeListener,
  type HeaderList,
  type Http1Client,
  type Http1Exchange,
  headerOf,
  type OutgoingExchange,
  type Pool,
  type Tunnel,
  untilClose,
} from "../../net/index.ts";
import {
  deadlineHeader,
  formatRemaining,
  isRepeatable,
  type Lease,
  nextTry,
  parseRetryAfter,
  perTryMs,
  remainingMs,
  type Tried,
} from "../../resilience/index.ts";
import { extract, inject, type Span } from "../../telemetry/index.ts";
import type { Door } from "../door.ts";
import type { Line, Lines } from "../forward/lines.ts";
import { failed } from "../forward/pooled.ts";
import { answerHead } from "../head/answer.ts";
import { clientKey } from "../head/client.ts";
import { plainAnswer, plainRequest } from "../head/plain.ts";
import { rateLimitFields } from "../head/rate-limit.ts";
import { attemptHeader, consumerHeader } from "../head/request.ts";
import type { Facts } from "../match/facts.ts";
import { prefixOf } from "../match/strip-prefix.ts";
import { parseTarget } from "../match/target.ts";
import { retriesOn } from "../policy/retry-on.ts";
import type { Visit } from "../policy/visit.ts";
import { refusal } from "../refusal.ts";
import type { Route } from "../route.ts";
import { type Asked, answeredTry, endServerSpan, serverSpan, trySpan } from "../spans.ts";
import type { Upstream } from "../upstream.ts";
import { allOpen, failureOf, noEndpoint, rateLimited, tooLate, upstreamError } from "../verdict.ts";

/**
 * The short way through the gateway: the journey of a plain request in callbacks, without a promise, a signal or a
 * stream. It makes the same steps in the same order as `journey.ts`, with the same policies, for a request that
 * needs none that waits: no body, no upgrade, nothing unusual in its head, a route without further policies.
 * Whatever is not plain is left to `journey.ts` before anything has been done for it. Why there are two: decision 0027.
 */

/** The connections of the engine to one endpoint, in both forms. */
export interface EngineConnections {
  readonly client: Http1Client;
  readonly pool: Pool;
}

/** Takes a request along the short way. False: it is not plain; nothing was done, nothing was counted. */
export function takeDirect(door: Door, lines: Lines<EngineConnections>, exchange: Http1Exchange): boolean {
  const { head, remoteAddress: peer } = exchange;
  const { snapshot } = door;
  if (head.length !== 0 || head.minor === 0 || head.upgrade !== undefined) return false;
  // 1. Match: one understanding of the target, one route.
  const target = parseTarget(head.method, head.target);
  if (target.kind !== "path" || snapshot.trusted.has(peer)) return false;
  facts.fields = head.fields;
  facts.host = head.authority;
  facts.query = target.query;
  const found = snapshot.table.match(head.method, target.path, facts);
  if (found.kind !== "route" || !found.route.plain) return false;
  const { route } = found;
  const { upstream } = route;
  // The first requests after a start wait for the first endpoints.
  if (upstream === undefined || upstream.known !== undefined) return false;
  // 2. The request as the service shall see it, but for what differs from try to try.
  const prefix = prefixOf(target.path, route.stripPrefix);
  const arrival = { peer, host: head.authority, prefix, via: `1.1 ${door.pseudonym}` };
  const plain = plainRequest(head.fields, arrival);
  // Who asks. A token that must be checked first, and one that is refused, are the journey's business.
  const visit = route.auth === undefined ? undefined : visitOf(head, peer, target);
  const verdict = visit === undefined ? undefined : route.auth?.(visit);
  if (verdict instanceof Promise) verdict.catch(() => {});
  if (verdict !== undefined) return false;
  // 3. Accept. The last thing that may say no, because it counts.
  if (plain === undefined || !door.inFlight.tryEnter()) return false;
  const path = prefix === "" ? target.path : target.path.slice(prefix.length) || "/";
  const { fields, traced } = plain;
  if (visit?.consumer !== undefined) fields.push(consumerHeader, visit.consumer);
  new DirectTrip(door, lines, exchange, {
    route,
    upstream,
    path: target.path,
    target: `${route.addPrefix}${path}${target.query}`,
    fields,
    traced,
  }).start();
  return true;
}

function visitOf(
  { method, fields, authority }: Http1Exchange["head"],
  client: string,
  { path, query }: { readonly path: string; readonly query: string },
): Visit {
  return {
    ...{ method, path, query, client, host: authority, signal: never },
    header: (name) => headerOf(fields, name),
    consumer: undefined,
    answerFields: [],
  };
}

/** Nobody waits on the short way. */
const never = new AbortController().signal;

/** What conditions of routes ask of a request; one for all, because they ask at once. */
class HeadFacts implements Facts {
  fields: HeaderList = [];
  host = "";
  query = "";

  header(name: string): string | undefined {
    return headerOf(this.fields, name);
  }
}

const facts = new HeadFacts();

interface Plan {
  readonly route: Route;
  readonly upstream: Upstream;
  /** Normalised, with what is taken off for the service. */
  readonly path: string;
  /** Path and query as the service shall see them. */
  readonly target: string;
  /** Ours to change: the fields of each try are written behind these. */
  readonly fields: string[];
  readonly traced: boolean;
}

/** One request under way, from its route to the end of its answer. */
class DirectTrip implements ExchangeListener, Asked {
  readonly door: Door;
  readonly lines: Lines<EngineConnections>;
  readonly exchange: Http1Exchange;
  readonly plan: Plan;
  readonly span: Span;
  readonly startMs: number;
  readonly deadlineMs: number;
  readonly repeatable: boolean;
  /** How many of the plan's fields are those of every try. */
  readonly #common: number;
  /** Ids of endpoints that were asked already; made when there is a second try. */
  #tried: Set<string> | undefined;
  #number = 0;
  #current: DirectTry | undefined;
  #wait: Timer | undefined;
  /** RateLimit fields, which every answer carries. */
  limitFields: HeaderList = [];
  status = 500;

  constructor(door: Door, lines: Lines<EngineConnections>, exchange: Http1Exchange, plan: Plan) {
    const { route, fields, traced, path } = plan;
    this.door = door;
    this.lines = lines;
    this.exchange = exchange;
    this.plan = plan;
    this.#common = fields.length;
    this.startMs = door.clock.now();
    this.deadlineMs = this.startMs + route.timeoutMs;
    this.repeatable = isRepeatable(this.method, { idempotencyKey: false, retryUnsafe: route.retryUnsafe });
    // 4. Trace: everything from here on is a child of this span.
    const parent = traced ? (extract(this.headers) ?? "root") : "root";
    this.span = serverSpan(door.tracer, this, { route: route.path, path }, parent);
  }

  get method(): string {
    return this.exchange.head.method;
  }

  get target(): string {
    return this.exchange.head.target;
  }

  get headers(): HeaderList {
    return this.exchange.head.fields;
  }

  get httpVersion(): "1.1" {
    return "1.1";
  }

  get remoteAddress(): string {
    return this.exchange.remoteAddress;
  }

  header(name: string): string | undefined {
    return headerOf(this.headers, name);
  }

  start(): void {
    const { span, remoteAddress } = this;
    const { upstream, route } = this.plan;
    const { limit, meter } = route;
    this.exchange.attach(this);
    if (span.recording) span.setAttribute("client.address", remoteAddress);
    // 5. Rate limit, by the address of the peer.
    if (limit !== undefined) {
      const decision = limit.rate.check(clientKey(remoteAddress));
      this.limitFields = rateLimitFields(limit.name, limit.rate.settings, decision);
      if (!decision.allowed) {
        meter.limited();
        this.refuse(rateLimited(decision));
        return;
      }
    }
    upstream.budget.deposit();
    this.#try();
  }

  /** 6. A try: picks an endpoint whose breaker is closed, and forwards. */
  #try(): void {
    const { door, plan } = this;
    const { route, upstream } = plan;
    const leftMs = remainingMs(this.deadlineMs, door.clock.now());
    if (leftMs === 0) {
      this.refuse(tooLate(upstream.service, route.timeoutMs, this.#number));
      return;
    }
    const picked = upstream.cluster.pick(this.#tried);
    if (picked.kind === "none") this.refuse(noEndpoint(upstream.service));
    else if (picked.kind === "open")
      this.refuse(allOpen(upstream.service, picked.untilMs - door.clock.now()));
    else this.#forward(picked.lease, leftMs);
  }

  #forward(lease: Lease<Endpoint>, leftMs: number): void {
    const { plan } = this;
    const { route } = plan;
    this.#number++;
    const mayRepeat = this.repeatable && this.#number <= route.retries;
    const share = mayRepeat ? perTryMs(route.timeoutMs, route.retries) : leftMs;
    const ms = Math.min(leftMs, route.tryTimeoutMs ?? share);
    const { fields } = plan;
    fields.length = this.#common;
    this.#current = new DirectTry(this, lease, this.#number);
    for (const text of inject(this.#current.span.context)) fields.push(text);
    fields.push(deadlineHeader, formatRemaining(ms));
    if (this.#number > 1) fields.push(attemptHeader, String(this.#number));
    this.#current.send(ms);
  }

  /** 7. Judge: tries again if that makes sense, and says what it found otherwise. True: another try is on its way. */
  again(tried: Tried<TuskerError | AnswerHead>, endpoint: Endpoint): boolean {
    const { door, repeatable, deadlineMs } = this;
    const { route, upstream } = this.plan;
    const { service, budget } = upstream;
    const { backoff, clock } = door;
    if (tried.failure !== undefined && !retriesOn(route.retryOn, tried.failure)) return false;
    const policy = { retries: route.retries, backoff, budget, clock, statuses: route.retryStatuses };
    const next = nextTry(policy, { repeatable, deadlineMs }, tried, this.#number);
    if (typeof next === "string") {
      if (next === "budget" || next === "deadline") door.meters.notRetried(service, next);
      return false;
    }
    door.meters.retried(service, tried.failure?.kind ?? "none");
    this.#current = undefined;
    this.#tried ??= new Set();
    this.#tried.add(endpoint.id);
    this.#wait = clock.after(next, () => this.#try());
    return true;
  }

  get attempts(): number {
    return this.#number;
  }

  /** An answer of the gateway's own. */
  refuse(error: TuskerError): void {
    const { exchange, span } = this;
    const { status, headers = [], body } = refusal(error, span.context.traceId, this.limitFields);
    this.#current = undefined;
    this.status = status;
    span.setAttribute("tusker.code", error.code);
    exchange.send(status, headers, typeof body === "string" ? body : undefined);
  }

  onBody(): void {}
  onBodyEnd(): void {}
  onBodyFailed(): void {}

  onDrain(): void {
    this.#current?.resume();
  }

  /** 9. Over: answered, or the client went away, which cancels what the service still does for it. */
  onEnd(error: TuskerError | undefined): void {
    const { door, plan, span } = this;
    if (error !== undefined) {
      this.status = 499;
      this.#wait?.cancel();
      this.#current?.abandon();
    }
    endServerSpan(span, this.status);
    plan.route.meter.answered(this.method, this.status, (door.clock.now() - this.startMs) / 1000);
    door.inFlight.leave();
  }
}

/** One try on one endpoint. What it is told after it was given up concerns nobody. */
class DirectTry implements AnswerListener {
  readonly #trip: DirectTrip;
  readonly #lease: Lease<Endpoint>;
  readonly #line: Line<EngineConnections>;
  /** The try's own when spans are recorded, else the request's. */
  readonly span: Span;
  #outgoing: OutgoingExchange | undefined;
  #sent = false;
  #over = false;
  #trailers = false;

  constructor(trip: DirectTrip, lease: Lease<Endpoint>, attempt: number) {
    const { door, plan, method } = trip;
    this.#trip = trip;
    this.#lease = lease;
    this.#line = trip.lines.enter(lease.endpoint);
    this.span = trip.span.recording
      ? trySpan(door.tracer, trip.span, { method, path: plan.target, attempt }, lease.endpoint)
      : trip.span;
  }

  send(ms: number): void {
    const { method, plan, repeatable } = this.#trip;
    const { target, fields } = plan;
    try {
      this.#outgoing = this.#line.connections.client.send(
        { method, target, fields, headTimeoutMs: ms, repeatable },
        this,
      );
    } catch (error) {
      // A field that the engine does not write: the request's fault, told before anything was sent.
      this.onFailed(toTuskerError(error));
    }
  }

  resume(): void {
    this.#outgoing?.resume();
  }

  /** The client is gone: the service need not go on. */
  abandon(): void {
    if (this.#over) return;
    this.#outgoing?.abort();
    this.#end();
  }

  onSent(): void {
    this.#sent = true;
  }

  onDrain(): void {}

  onInform(status: number, fields: HeaderList): void {
    this.#trip.exchange.inform(status, answerHead(fields, status, []));
  }

  onHead(head: AnswerHead): void {
    const trip = this.#trip;
    const { status } = head;
    const wait =
      status >= 429
        ? parseRetryAfter(headerOf(head.fields, "retry-after"), trip.door.clock.wall())
        : undefined;
    if (status >= 500) this.#lease.failure(wait);
    else if (status === 429) this.#lease.overloaded(wait);
    else this.#lease.success();
    if (this.span.recording) answeredTry(this.span, status);
    if (status >= 500 || (status === 429 && trip.plan.route.retryOn.has("429"))) {
      const tried = { value: head, failure: { kind: "status", status }, retryAfterMs: wait } as const;
      if (trip.again(tried, this.#lease.endpoint)) {
        this.abandon();
        return;
      }
    }
    this.#relay(head);
  }

  /** 8. Answer: the service's, streamed through. */
  #relay(head: AnswerHead): void {
    const trip = this.#trip;
    const { status } = head;
    const own = trip.limitFields;
    const plain = plainAnswer(head.fields);
    const fields =
      plain === undefined
        ? answerHead(head.fields, status, own)
        : own.length === 0
          ? plain
          : [...plain, ...own];
    // RFC 9110 §6.5.1: trailers travel only where they were announced.
    this.#trailers = plain === undefined && headerOf(head.fields, "trailer") !== undefined;
    trip.status = status;
    trip.exchange.begin(status, fields, this.#toldLength(head));
  }

  /** An answer without body may say how long one would have been (RFC 9110 §8.6). */
  #toldLength({ status, fields, length }: AnswerHead): number {
    if (this.#trip.method === "HEAD" || status === 304) {
      const told = headerOf(fields, "content-length");
      return told === undefined ? untilClose : Number(told);
    }
    return length === untilClose ? chunked : length;
  }

  onBody(bytes: Uint8Array): void {
    if (!this.#trip.exchange.write(bytes)) this.#outgoing?.pause();
  }

  onEnd(trailers: HeaderList): void {
    if (this.#over) return;
    this.#end();
    this.#trip.exchange.end(this.#trailers ? trailers : undefined);
  }

  onTunnel({ socket }: Tunnel): void {
    // Nobody asked for one.
    socket.destroy();
  }

  onFailed(error: TuskerError): void {
    if (this.#over) return;
    const trip = this.#trip;
    const { door, exchange, plan, span } = trip;
    const { service } = plan.upstream;
    this.span.recordError(error);
    if (exchange.begun) {
      // The head is out: a broken connection is the only honest end (RFC 9112 §8).
      door.meters.broken(service);
      span.recordError(error);
      door.log.warn("a service broke off its answer", { service, error: error.message });
      this.#end();
      exchange.abort();
      return;
    }
    const outcome = failed(error, this.#sent);
    const failure = failureOf(outcome, error.code === "NET_TIMEOUT", false);
    if (failure.blame) this.#lease.failure();
    this.#end();
    if (!trip.again({ value: error, failure }, this.#lease.endpoint))
      trip.refuse(
        upstreamError({ service, timeoutMs: plan.route.timeoutMs }, outcome, failure, trip.attempts),
      );
  }

  /** Gives back what the try holds. */
  #end(): void {
    this.#over = true;
    this.#lease[Symbol.dispose]();
    this.#trip.lines.leave(this.#line);
    if (this.span !== this.#trip.span) this.span.end();
  }
}
