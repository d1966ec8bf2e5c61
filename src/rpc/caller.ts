import type { Endpoint, EndpointSet } from "../discovery/index.ts";
import { aborted, messageOf, TuskerError } from "../kernel/index.ts";
import type { HeaderList } from "../net/index.ts";
import {
  backoff,
  balancer,
  type Cluster,
  cluster,
  type Failure,
  isRepeatable,
  type Lease,
  perTryMs,
  type RetryPolicy,
  remainingMs,
  retry,
  retryBudget,
  type TimeLimit,
  type Tried,
  timeLimit,
} from "../resilience/index.ts";
import { inject, type Span, withSpan } from "../telemetry/index.ts";
import { checkedAnswer, checkedAnswers, noStreams } from "./answers.ts";
import { currentCall } from "./context.ts";
import type { Method } from "./contract.ts";
import { Fault } from "./fault.ts";
import { ownFields } from "./fields/asked.ts";
import { Metadata } from "./fields/metadata.ts";
import type { FieldValues } from "./fields/values.ts";
import { type Pools, pools } from "./pools.ts";
import type { Parts } from "./runtime.ts";
import type { Link, Prepared, Told, Wire } from "./wire.ts";

/** What one call asks for besides its input. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Overall; default `timeout` of `[api_communication]`, and never longer than the call being answered. */
  readonly timeoutMs?: number;
  /**
   * More header fields, or gRPC metadata; bytes go under names that end in `-bin`. What cannot be sent is
   * RPC_INVALID_INPUT.
   */
  readonly headers?: Readonly<Record<string, FieldValues>>;
  /** Sent as `Idempotency-Key`: the service promises to act once, so that a failed call may be repeated. */
  readonly idempotencyKey?: string;
  /** Hears what stood in the head of the answer (initial metadata), of the last try; of a stream before its messages. */
  readonly onHeader?: (metadata: Metadata) => void;
  /** Hears what stood after the answer (trailing metadata), also after a failure that was answered. */
  readonly onTrailer?: (metadata: Metadata) => void;
}

/** The state of one client: endpoints with their breakers and load, pools, retry budget. */
export class Caller implements AsyncDisposable {
  readonly #service: string;
  readonly #parts: Parts;
  readonly #wire: Wire;
  readonly #cluster: Cluster<Endpoint>;
  readonly #links: Pools<Link>;
  readonly #policy: RetryPolicy;
  readonly #fixed: string | undefined;
  #watch: Disposable | undefined;

  /** @param fixed the only origin, when no registry is asked */
  constructor(service: string, parts: Parts, wire: Wire, fixed: string | undefined) {
    this.#service = service;
    this.#parts = parts;
    this.#wire = wire;
    this.#fixed = fixed;
    const { clock, random, calls } = parts;
    const breaker = calls.circuit_breaker_enabled
      ? { failures: calls.circuit_breaker_threshold, maxPauseMs: calls.circuit_breaker_timeout }
      : undefined;
    // Without breakers the operator wants to see every failure; with them, fellows are compared too.
    const outlier = breaker === undefined ? undefined : {};
    this.#cluster = cluster({ breaker, outlier }, { balancer: balancer("p2c_ewma", random), clock, random });
    this.#links = pools((origin) => wire.link(origin));
    this.#policy = {
      retries: calls.retry_attempts,
      backoff: backoff({ baseMs: calls.retry_delay }, random),
      budget: retryBudget({}, clock),
      clock,
    };
    if (fixed !== undefined) this.#cluster.adopt([fixedEndpoint(service, fixed)]);
  }

  /**
   * Calls a method. The way of a call, outermost first: span, deadline, retry with budget, pick of an endpoint,
   * breaker, connection, protocol; on the way back validation of the answer.
   */
  async call(method: Method, input: unknown, options: CallOptions): Promise<unknown> {
    const { name, attributes } = this.#wire.describe(method);
    const { tracer } = this.#parts;
    const span = tracer.startSpan(name, {
      kind: "client",
      attributes: { ...attributes, "peer.service": this.#service },
    });
    try {
      return await withSpan(span, () => this.#run(method, input, options, span));
    } catch (error) {
      if (error instanceof Fault)
        span.setAttribute("error.type", error.fault).setStatus("error", error.message);
      else span.recordError(error);
      throw error;
    } finally {
      span.end();
    }
  }

  /**
   * Calls a method whose messages come over time. One endpoint serves the whole stream; another is tried only while
   * nothing was sent. Without a deadline of its own or of the call being answered a stream takes as long as it takes.
   */
  async *stream(
    method: Method,
    inputs: AsyncIterable<unknown>,
    options: CallOptions,
  ): AsyncGenerator<unknown> {
    const { name, attributes } = this.#wire.describe(method);
    const span = this.#parts.tracer.startSpan(name, {
      kind: "client",
      attributes: { ...attributes, "peer.service": this.#service },
    });
    try {
      yield* this.#streamWithin(method, inputs, options, span);
    } catch (error) {
      span.recordError(error);
      throw error;
    } finally {
      span.end();
    }
  }

  async *#streamWithin(
    method: Method,
    inputs: AsyncIterable<unknown>,
    options: CallOptions,
    span: Span,
  ): AsyncGenerator<unknown> {
    const { clock, calls } = this.#parts;
    const outer = currentCall();
    const timeoutMs = options.timeoutMs ?? Number.POSITIVE_INFINITY;
    const endMs = Math.min(clock.now() + timeoutMs, outer?.deadline ?? Number.POSITIVE_INFINITY);
    const ms = Number.isFinite(endMs) ? remainingMs(endMs, clock.now()) : undefined;
    const late = (): TuskerError => this.#late(method);
    using limit = timeLimit(clock, { ms, parents: [options.signal, outer?.signal], reason: late });
    const fields = [...ownFields(method, options, this.#wire.protocol), ...inject(span.context)];
    await this.#wire.prepare(method, {});
    await this.#follow(limit);
    const tried = new Set<string>();
    const { onHeader, onTrailer } = options;
    const asked = {
      ...{ method, fields, timeoutMs: ms, late, signal: limit.signal, inputs },
      onHead: onHeader && ((head: HeaderList) => onHeader(new Metadata(head))),
      onTail: onTrailer && ((tail: HeaderList) => onTrailer(new Metadata(tail))),
    };
    for (let tries = 0; ; tries++) {
      const picked = this.#cluster.pick(tried);
      if (picked.kind !== "endpoint") throw this.#missing(picked.kind);
      using lease = picked.lease;
      tried.add(lease.endpoint.id);
      using taken = this.#links.take(this.#fixed ?? this.#wire.originOf(lease.endpoint) ?? "");
      if (taken.pool.stream === undefined) throw noStreams(method, this.#wire.protocol);
      try {
        for await (const answer of checkedAnswers(method, taken.pool.stream(asked))) {
          // How long the stream goes on says nothing about how fast the endpoint is.
          lease.began();
          yield answer;
        }
        lease.success();
        return;
      } catch (error) {
        if (limit.signal.aborted) throw aborted(limit.signal);
        const failure = error instanceof TuskerError ? failureOf(error) : undefined;
        if (failure === undefined || failure.kind === "final") lease.success();
        else lease.failure();
        if (failure?.kind !== "unsent" || tries >= calls.retry_attempts) throw error;
        span.addEvent("try failed", { endpoint: lease.endpoint.id });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    await this.#links[Symbol.asyncDispose]();
  }

  async #run(method: Method, input: unknown, options: CallOptions, span: Span): Promise<unknown> {
    const { clock, calls } = this.#parts;
    const outer = currentCall();
    const now = clock.now();
    const deadlineMs = Math.min(
      now + (options.timeoutMs ?? calls.timeout),
      outer?.deadline ?? Number.POSITIVE_INFINITY,
    );
    const parents = [options.signal, outer?.signal];
    using limit = timeLimit(clock, {
      ms: remainingMs(deadlineMs, now),
      parents,
      reason: () => this.#late(method),
    });
    if (limit.aborted) throw aborted(limit.signal);
    if (deadlineMs <= now) throw this.#late(method);
    const own = ownFields(method, options, this.#wire.protocol);
    const prepared = await this.#wire.prepare(method, inputRecord(method, input));
    await this.#follow(limit);
    const repeatable =
      method.idempotent ||
      isRepeatable(method.verb, { idempotencyKey: options.idempotencyKey !== undefined });
    const tryMs = repeatable ? perTryMs(deadlineMs - now, calls.retry_attempts) : deadlineMs - now;
    const tried = new Set<string>();
    // Every try has its time; a signal is for callers who may give up before.
    const givenUp = parents.some((parent) => parent !== undefined) ? limit.signal : undefined;
    const one: OneCall = { method, prepared, own, span, limit, givenUp, deadlineMs, tryMs, tried };
    const { value } = await retry(
      this.#policy,
      {
        repeatable,
        deadlineMs,
        // Asked for by those who have to wait.
        get signal() {
          return limit.signal;
        },
        onRetry: (given, attempt, waitMs) =>
          span.addEvent("retry", {
            attempt,
            "wait.ms": Math.round(waitMs),
            reason: given.failure?.kind ?? "",
          }),
      },
      () => this.#try(one),
    );
    if (value.head !== undefined) options.onHeader?.(new Metadata(value.head));
    if (value.tail !== undefined) options.onTrailer?.(new Metadata(value.tail));
    if (value.kind === "error") throw value.error;
    return checkedAnswer(method, value.value);
  }

  /** Makes sure that the endpoints of the service are known and kept fresh. */
  async #follow(limit: TimeLimit): Promise<void> {
    if (this.#fixed !== undefined || (this.#watch !== undefined && this.#cluster.members().length > 0))
      return;
    const { discovery } = this.#parts;
    if (discovery === undefined) {
      throw new TuskerError(
        "DISCOVERY_NO_ENDPOINT",
        `nobody said where ${this.#service} is: no registry is configured; give client() a url or set TUSKER_REGISTRY_URL`,
        { details: { service: this.#service } },
      );
    }
    this.#watch ??= discovery.watch(this.#service, (set) => this.#adopt(set));
    if (discovery.known(this.#service) === undefined)
      this.#adopt(await discovery.lookup(this.#service, limit.signal));
  }

  #adopt({ endpoints }: EndpointSet): void {
    const able = endpoints.filter((endpoint) => this.#wire.originOf(endpoint) !== undefined);
    this.#cluster.adopt(able);
    this.#links.keep(new Set(able.map((endpoint) => this.#wire.originOf(endpoint) ?? "")));
  }

  /** One try: pick an endpoint, ask it, say how it did. */
  async #try(one: OneCall): Promise<Tried<Told>> {
    const picked = this.#cluster.pick(one.tried);
    if (picked.kind !== "endpoint") return this.#nowhere(one, picked.kind);
    using lease = picked.lease;
    const { endpoint } = lease;
    one.tried.add(endpoint.id);
    one.span.addEvent("try", { endpoint: endpoint.id });
    const { clock } = this.#parts;
    const origin = this.#fixed ?? this.#wire.originOf(endpoint) ?? "";
    using taken = this.#links.take(origin);
    const leftMs = remainingMs(one.deadlineMs, clock.now());
    const ms = Math.min(one.tryMs, leftMs);
    const slow = (): TuskerError =>
      new TuskerError("NET_TIMEOUT", `${endpoint.id} did not answer within ${Math.round(ms)} ms`);
    try {
      one.span.setAttributes({ "server.address": endpoint.host, "server.port": endpoint.port });
      const told = await taken.pool.ask({
        method: one.method,
        prepared: one.prepared,
        fields: [...one.own, ...inject(one.span.context)],
        timeoutMs: ms,
        // The last try ends with the call.
        late: ms < leftMs ? slow : () => this.#late(one.method),
        signal: one.givenUp,
      });
      settle(lease, told);
      if (told.kind === "value") return { value: told };
      return { value: told, failure: told.failure, retryAfterMs: told.retryAfterMs };
    } catch (thrown) {
      return this.#broke(one, lease, thrown);
    }
  }

  #broke(one: OneCall, lease: Lease<Endpoint>, thrown: unknown): Tried<Told> {
    const { limit } = one;
    // The caller gave up, or his time did: that says nothing about the endpoint unless it used the time up.
    if (limit.aborted && !limit.expired) throw aborted(limit.signal);
    lease.failure();
    const late = thrown instanceof TuskerError && thrown.code === "RESILIENCE_DEADLINE";
    if (limit.expired || late) throw this.#late(one.method);
    const error =
      thrown instanceof TuskerError
        ? thrown
        : new TuskerError("RPC_PROTOCOL", messageOf(thrown), { cause: thrown });
    const failure = failureOf(error);
    one.span.addEvent("try failed", {
      endpoint: lease.endpoint.id,
      code: error.code,
      message: error.message,
    });
    return { value: { kind: "error", error, failure, verdict: "failing" }, failure };
  }

  #nowhere(one: OneCall, kind: "none" | "open"): Tried<Told> {
    const error = this.#missing(kind);
    one.span.addEvent("try failed", { code: error.code });
    // An instance may come back within the wait for a repeat; an open breaker is there to not ask.
    const failure: Failure = kind === "none" ? { kind: "unsent" } : { kind: "final" };
    return { value: { kind: "error", error, failure, verdict: "failing" }, failure };
  }

  #missing(kind: "none" | "open"): TuskerError {
    const details = { service: this.#service };
    if (kind === "none") {
      const message = `${this.#service} has no healthy instance that speaks ${this.#wire.protocol}`;
      return new TuskerError("DISCOVERY_NO_ENDPOINT", message, { details });
    }
    const message = `every instance of ${this.#service} failed too often lately; it is asked again in a moment`;
    return new TuskerError("RESILIENCE_BREAKER_OPEN", message, { details });
  }

  #late(method: Method): TuskerError {
    return new TuskerError(
      "RESILIENCE_DEADLINE",
      `${method.service}.${method.name} did not answer before the deadline`,
      {
        details: { service: method.service, method: method.name },
      },
    );
  }
}

/** What the tries of one call share. */
interface OneCall {
  readonly method: Method;
  readonly prepared: Prepared;
  /** Fields the caller added. */
  readonly own: readonly string[];
  readonly span: Span;
  readonly limit: TimeLimit;
  /** Fires when the caller gives up; undefined when nobody can. */
  readonly givenUp: AbortSignal | undefined;
  readonly deadlineMs: number;
  readonly tryMs: number;
  /** Endpoints asked already. */
  readonly tried: Set<string>;
}

function settle(lease: Lease<Endpoint>, told: Told): void {
  if (told.kind === "value" || told.verdict === "well") lease.success();
  else if (told.verdict === "overloaded") lease.overloaded(told.retryAfterMs);
  else lease.failure(told.retryAfterMs);
}

function failureOf(error: TuskerError): Failure {
  switch (error.code) {
    case "NET_CONNECT":
      return { kind: "unsent" };
    case "NET_RESET":
      return error.details.sent === false ? { kind: "refused" } : { kind: "reset" };
    case "NET_TIMEOUT":
      return { kind: "timeout" };
    default:
      return { kind: "final" };
  }
}

function fixedEndpoint(service: string, origin: string): Endpoint {
  const { hostname, port, protocol } = new URL(origin);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return { id: origin, service, host: hostname, port: number, meta: {}, tags: [], weight: 1 };
}

function inputRecord(method: Method, input: unknown): Readonly<Record<string, unknown>> {
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return { ...input };
  const message = "the input must be an object";
  throw new TuskerError("RPC_INVALID_INPUT", `${method.service}.${method.name}: ${message}`, {
    details: { problems: [{ path: "", message }] },
  });
}
