import type { Endpoint } from "../../discovery/index.ts";
import type { Timer, TuskerError } from "../../kernel/index.ts";
import {
  type AnswerHead,
  type ExchangeListener,
  type FieldBlock,
  type HeaderList,
  type Http1Exchange,
  headerOf,
} from "../../net/index.ts";
import {
  deadlineHeader,
  formatRemaining,
  isRepeatable,
  type Lease,
  nextTry,
  perTryMs,
  type RateDecision,
  remainingMs,
  type Tried,
} from "../../resilience/index.ts";
import { extract, inject, type Span } from "../../telemetry/index.ts";
import type { Door } from "../door.ts";
import type { Lines } from "../forward/lines.ts";
import { clientKey } from "../head/client.ts";
import { rateLimitFields } from "../head/rate-limit.ts";
import { rewrittenRequest, type SeenRequest } from "../head/remembered.ts";
import { attemptHeader } from "../head/request.ts";
import type { Facts } from "../match/facts.ts";
import { prefixOf } from "../match/strip-prefix.ts";
import { parseTarget } from "../match/target.ts";
import { retriesOn } from "../policy/retry-on.ts";
import type { Guard, Visit } from "../policy/visit.ts";
import { refusal } from "../refusal.ts";
import type { Route } from "../route.ts";
import { type Asked, endServerSpan, serverSpan } from "../spans.ts";
import type { Upstream } from "../upstream.ts";
import { allOpen, noEndpoint, rateLimited, tooLate } from "../verdict.ts";
import { DirectTry, type EngineConnections, type TryHost } from "./direct-try.ts";

/**
 * The short way through the gateway: the journey of a plain request in callbacks, without a promise, a signal or a
 * stream. It makes the same steps in the same order as `journey.ts`, with the same policies, for a request that
 * needs none that waits: no body, no upgrade, nothing unusual in its head, a route without further policies.
 * Whatever is not plain is left to `journey.ts` before anything has been done for it. Why there are two: decision 0027.
 */

/** Takes a request along the short way. False: it is not plain; nothing was done, nothing was counted. */
export function takeDirect(door: Door, lines: Lines<EngineConnections>, exchange: Http1Exchange): boolean {
  const { head, remoteAddress: peer } = exchange;
  const { snapshot } = door;
  if (head.length !== 0 || head.minor === 0 || head.upgrade !== undefined) return false;
  // 1. Match: one understanding of the target, one route.
  const target = parseTarget(head.method, head.target, snapshot.paths);
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
  const seen = rewrittenRequest(head, arrival);
  if (seen === undefined) return false;
  // Who asks. A token that must be checked first, and one that is refused, are the journey's business.
  const common =
    route.auth === undefined
      ? seen.block
      : (seen.admittedBy(route.auth, door.clock) ?? admitted(seen, route.auth, visitOf(head, peer, target)));
  if (common === undefined) return false;
  // 3. Accept, and a place at the service. The last that may say no, because they count; who waits takes the journey.
  if (!upstream.room.places.tryEnter()) return false;
  if (!door.inFlight.tryEnter()) {
    upstream.room.places.leave();
    return false;
  }
  const path = prefix === "" ? target.path : target.path.slice(prefix.length) || "/";
  new DirectTrip(door, lines, exchange, {
    route,
    upstream,
    path: target.path,
    target: `${route.addPrefix}${path}${target.query}`,
    common,
    seen,
  }).start();
  return true;
}

/** The fields with the name of whoever sent them, when the guard lets them in without a wait. */
function admitted(seen: SeenRequest, guard: Guard, visit: Visit): FieldBlock | undefined {
  const verdict = guard(visit);
  if (verdict instanceof Promise) verdict.catch(() => {});
  if (verdict !== undefined) return undefined;
  if (visit.consumer === undefined) return seen.block;
  return seen.admit(guard, visit.consumer, visit.lasting);
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
    lasting: undefined,
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
  /** The fields of every try; those of a single one are written behind them. */
  readonly common: FieldBlock;
  /** What is known of its fields. */
  readonly seen: SeenRequest;
}

/** One request under way, from its route to the end of its answer. */
class DirectTrip implements ExchangeListener, Asked, TryHost {
  readonly door: Door;
  readonly lines: Lines<EngineConnections>;
  readonly exchange: Http1Exchange;
  readonly plan: Plan;
  readonly span: Span;
  readonly startMs: number;
  readonly deadlineMs: number;
  readonly repeatable: boolean;
  /** Ids of endpoints that were asked already; made when there is a second try. */
  #tried: Set<string> | undefined;
  #number = 0;
  #current: DirectTry | undefined;
  #wait: Timer | undefined;
  /** It got past the limit: the service is held until the end. */
  #entered = false;
  /** Requests under way at the service when this one began. */
  readonly #beside: number;
  limited: RateDecision | undefined;
  status = 500;

  constructor(door: Door, lines: Lines<EngineConnections>, exchange: Http1Exchange, plan: Plan) {
    const { route, seen, path } = plan;
    this.door = door;
    this.lines = lines;
    this.exchange = exchange;
    this.plan = plan;
    this.startMs = door.clock.now();
    this.#beside = plan.upstream.room.places.inFlight;
    this.deadlineMs = this.startMs + route.timeoutMs;
    this.repeatable = isRepeatable(this.method, { idempotencyKey: false, retryUnsafe: route.retryUnsafe });
    // 4. Trace: everything from here on is a child of this span.
    const parent = seen.traced ? (extract(this.headers) ?? "root") : "root";
    const form = seen.repeated ? seen.formFor(route.path, this) : undefined;
    this.span =
      form === undefined
        ? serverSpan(door.tracer, this, { route: route.path, path, client: this.remoteAddress }, parent)
        : door.tracer.startFormed(form, parent, this.startMs).setAttribute("url.path", path);
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
    const { upstream, route } = this.plan;
    const { limit, meter } = route;
    this.exchange.attach(this);
    // 5. Rate limit, by the address of the peer.
    if (limit !== undefined) {
      const decision = limit.rate.check(clientKey(this.remoteAddress));
      this.limited = decision;
      if (!decision.allowed) {
        meter.limited();
        this.refuse(rateLimited(decision));
        return;
      }
    }
    upstream.enter();
    this.#entered = true;
    upstream.budget.deposit();
    this.#try();
  }

  /** 6. A try: picks an endpoint whose breaker is closed, and forwards. */
  #try(): void {
    const { door, plan } = this;
    const { route, upstream } = plan;
    const nowMs = door.clock.now();
    const leftMs = remainingMs(this.deadlineMs, nowMs);
    if (leftMs === 0) {
      this.refuse(tooLate(upstream.service, route.timeoutMs, this.#number));
      return;
    }
    const picked = upstream.cluster.pick(this.#tried);
    if (picked.kind === "none") this.refuse(noEndpoint(upstream.service));
    else if (picked.kind === "open")
      this.refuse(allOpen(upstream.service, picked.untilMs - door.clock.now()));
    else this.#forward(picked.lease, { leftMs, nowMs });
  }

  #forward(
    lease: Lease<Endpoint>,
    { leftMs, nowMs }: { readonly leftMs: number; readonly nowMs: number },
  ): void {
    const { plan } = this;
    const { route } = plan;
    this.#number++;
    const mayRepeat = this.repeatable && this.#number <= route.retries;
    const share = mayRepeat ? perTryMs(route.timeoutMs, route.retries) : leftMs;
    const ms = Math.min(leftMs, route.tryTimeoutMs ?? share);
    const attempt = new DirectTry(this, lease, { attempt: this.#number, nowMs });
    this.#current = attempt;
    const block = plan.common.extended();
    const carried = inject(attempt.span.context);
    for (let i = 0; i + 1 < carried.length; i += 2) block.copy(carried[i] ?? "", carried[i + 1] ?? "");
    block.copy(deadlineHeader, formatRemaining(ms));
    if (this.#number > 1) block.copy(attemptHeader, String(this.#number));
    attempt.send(block, ms);
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

  get limitFields(): HeaderList {
    const { limit } = this.plan.route;
    if (limit === undefined || this.limited === undefined) return [];
    return rateLimitFields(limit.words, this.limited);
  }

  get attempts(): number {
    return this.#number;
  }

  answered(status: number): void {
    this.status = status;
    const { door, plan, startMs } = this;
    const { room } = plan.upstream;
    if (room.adaptive) room.answered(status, door.clock.now() - startMs, this.#beside);
  }

  /** An answer of the gateway's own. */
  refuse(error: TuskerError): void {
    const { exchange, span } = this;
    const { status, headers = [], body } = refusal(error, span.context.traceId, this.limitFields);
    this.#current = undefined;
    this.status = status;
    if (error.code === "GATEWAY_TIMEOUT") this.plan.upstream.room.dropped();
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
    plan.upstream.room.places.leave();
    if (this.#entered) plan.upstream.leave();
    const nowMs = door.clock.now();
    endServerSpan(span, this.status, nowMs);
    plan.route.meter.answered(this.method, this.status, (nowMs - this.startMs) / 1000);
    door.inFlight.leave();
  }
}
