import type { Endpoint } from "../../discovery/index.ts";
import { type TuskerError, toTuskerError } from "../../kernel/index.ts";
import {
  type AnswerHead,
  type AnswerListener,
  chunked,
  type FieldBlock,
  type HeaderList,
  type Http1Client,
  type Http1Exchange,
  headerOf,
  type OutgoingExchange,
  type Pool,
  type Tunnel,
  untilClose,
} from "../../net/index.ts";
import { type Lease, parseRetryAfter, type RateDecision, type Tried } from "../../resilience/index.ts";
import type { Span } from "../../telemetry/index.ts";
import type { Door } from "../door.ts";
import type { Line, Lines } from "../forward/lines.ts";
import { failed } from "../forward/pooled.ts";
import { answerHead } from "../head/answer.ts";
import { addRateLimit } from "../head/rate-limit.ts";
import { rewrittenAnswer } from "../head/remembered.ts";
import type { Route } from "../route.ts";
import { answeredTry, type TryRequest, trySpan } from "../spans.ts";
import type { Upstream } from "../upstream.ts";
import { failureOf, upstreamError } from "../verdict.ts";

/** The connections of the engine to one endpoint, in both forms. */
export interface EngineConnections {
  readonly client: Http1Client;
  readonly pool: Pool;
}

/** The request a try is made for, as far as the try has to do with it. */
export interface TryHost {
  readonly door: Door;
  readonly lines: Lines<EngineConnections>;
  readonly exchange: Http1Exchange;
  readonly plan: { readonly route: Route; readonly upstream: Upstream; readonly target: string };
  readonly span: Span;
  readonly method: string;
  readonly repeatable: boolean;
  /** What the rate limit said, if there is one: every answer carries it, as lines or as these fields. */
  readonly limited: RateDecision | undefined;
  readonly limitFields: HeaderList;
  /** How many tries there were. */
  readonly attempts: number;
  /** The head of the answer that is passed on is there. */
  answered(status: number): void;
  /** True: another try is on its way. */
  again(tried: Tried<TuskerError | AnswerHead>, endpoint: Endpoint): boolean;
  refuse(error: TuskerError): void;
}

/** One try on one endpoint. What it is told after it was given up concerns nobody. */
export class DirectTry implements AnswerListener {
  readonly #trip: TryHost;
  readonly #lease: Lease<Endpoint>;
  readonly #line: Line<EngineConnections>;
  /** The try's own when spans are recorded, else the request's. */
  readonly span: Span;
  #outgoing: OutgoingExchange | undefined;
  #sent = false;
  #over = false;
  #trailers = false;

  constructor(trip: TryHost, lease: Lease<Endpoint>, which: Pick<TryRequest, "attempt" | "nowMs">) {
    const { door, plan, method } = trip;
    const { attempt, nowMs } = which;
    this.#trip = trip;
    this.#lease = lease;
    this.#line = trip.lines.enter(lease.endpoint);
    this.span = trip.span.recording
      ? trySpan(door.tracer, trip.span, { method, path: plan.target, attempt, nowMs }, lease.endpoint)
      : trip.span;
  }

  /** @param ms how long the head of the answer may take */
  send(fields: FieldBlock, ms: number): void {
    const { method, plan, repeatable } = this.#trip;
    const { target } = plan;
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
    const plain = rewrittenAnswer(head);
    // RFC 9110 §6.5.1: trailers travel only where they were announced.
    this.#trailers = plain === undefined && headerOf(head.fields, "trailer") !== undefined;
    trip.answered(status);
    trip.exchange.begin(status, this.#fieldsOf(head, plain), this.#toldLength(head));
  }

  #fieldsOf({ fields, status }: AnswerHead, plain: FieldBlock | undefined): FieldBlock | HeaderList {
    const { limited, plan } = this.#trip;
    const { limit } = plan.route;
    if (plain !== undefined) {
      if (limited === undefined || limit === undefined) return plain;
      const block = plain.extended();
      if (addRateLimit(block, limit.words, limited)) return block;
    }
    return answerHead(fields, status, this.#trip.limitFields);
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
    // What came with the head may show at once that it is no answer: then the client has not heard of it yet.
    if (exchange.begun && !exchange.retract()) {
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
