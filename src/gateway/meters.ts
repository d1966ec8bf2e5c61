import type { Clock } from "../kernel/index.ts";
import { type ConnectionMeters, connectionMeters } from "../net/index.ts";
import type { BreakerState } from "../resilience/index.ts";
import type { Counter, Histogram, Metrics } from "../telemetry/index.ts";
import { clockJumps } from "./clock-jumps.ts";

/** Every metric of the gateway. All names begin with `tusker_gateway_`. */
export interface Meters {
  /** The series of one route; kept, so that a reload continues them. */
  route(path: string): RouteMeter;
  retried(service: string, reason: string): void;
  /** A retry that would have been made, had there been budget, body or time. */
  notRetried(service: string, reason: string): void;
  /** Undefined for an endpoint that left: it is shown no more. */
  breaker(service: string, endpoint: string, state: BreakerState | undefined): void;
  /** A service broke off in the middle of an answer. */
  broken(service: string): void;
  refusedConnection(): void;
  /** Limits clients met with their connections, and requests that were none. */
  readonly connections: ConnectionMeters;
  /** A request for which the service had no place. */
  shed(service: string, priority: string): void;
  /** A request of which two copies went out, and which one won. */
  hedged(service: string, copy: "first" | "second"): void;
  fellBack(service: string, to: string): void;
  fault(route: string, kind: "delay" | "abort"): void;
  copied(service: string, outcome: "sent" | "failed" | "dropped"): void;
  /** Undefined for an endpoint that left, as of `breaker`. */
  health(service: string, endpoint: string, up: boolean | undefined): void;
  keysFailed(): void;
}

export interface RouteMeter {
  answered(method: string, status: number, seconds: number): void;
  limited(): void;
}

const breakerValue: Readonly<Record<BreakerState, number>> = { closed: 0, "half-open": 1, open: 2 };

/** RFC 9110 and RFC 5789 methods; every other one is counted as `_OTHER`, so that clients cannot make series. */
export function knownMethod(method: string): string {
  return methods.has(method) ? method : "_OTHER";
}

const methods: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "QUERY"],
]);

export function gatewayMeters(metrics: Metrics): Meters {
  const requests = metrics.counter("tusker_gateway_requests_total", {
    help: "Requests answered.",
    labels: ["route", "method", "status"],
  });
  const seconds = metrics.histogram("tusker_gateway_request_seconds", {
    help: "Time from request to the end of its answer, in seconds.",
    labels: ["route", "status"],
  });
  const limited = metrics.counter("tusker_gateway_rate_limited_total", {
    help: "Requests refused by a rate limit.",
    labels: ["route"],
  });
  const retries = metrics.counter("tusker_gateway_retries_total", {
    help: "Tries after the first, by what made them necessary.",
    labels: ["service", "reason"],
  });
  const notRetried = metrics.counter("tusker_gateway_retries_refused_total", {
    help: "Retries that were not made for want of budget, body or time.",
    labels: ["service", "reason"],
  });
  const breakers = metrics.gauge("tusker_gateway_breaker_state", {
    help: "Breaker of an endpoint: 0 closed, 1 half-open, 2 open.",
    labels: ["service", "endpoint"],
  });
  const broken = metrics.counter("tusker_gateway_broken_answers_total", {
    help: "Answers a service broke off after their head.",
    labels: ["service"],
  });
  const refused = metrics
    .counter("tusker_gateway_refused_connections_total", { help: "Connections refused by max_connections." })
    .bind();
  const connections = connectionMeters("gateway");
  metrics.append(() => connections.render());
  const routes = new Map<string, RouteMeter>();
  return {
    connections,
    ...policyMeters(metrics),
    route(path) {
      const known = routes.get(path) ?? routeMeter(path, requests, seconds, limited);
      routes.set(path, known);
      return known;
    },
    retried: (service, reason) => retries.bind({ service, reason }).add(),
    notRetried: (service, reason) => notRetried.bind({ service, reason }).add(),
    breaker(service, endpoint, state) {
      if (state === undefined) breakers.forget({ service, endpoint });
      else breakers.bind({ service, endpoint }).set(breakerValue[state]);
    },
    broken: (service) => broken.bind({ service }).add(),
    refusedConnection: () => refused.add(),
  };
}

/** What bites on routes that use it. */
function policyMeters(metrics: Metrics) {
  const shed = metrics.counter("tusker_gateway_shed_total", {
    help: "Requests for which a service had no place.",
    labels: ["service", "priority"],
  });
  const hedged = metrics.counter("tusker_gateway_hedged_total", {
    help: "Requests of which a second copy went out, by the copy that won.",
    labels: ["service", "copy"],
  });
  const fellBack = metrics.counter("tusker_gateway_fallbacks_total", {
    help: "Requests that another service was asked for.",
    labels: ["service", "to"],
  });
  const faults = metrics.counter("tusker_gateway_faults_total", {
    help: "Failures made on purpose.",
    labels: ["route", "kind"],
  });
  const copies = metrics.counter("tusker_gateway_mirrored_total", {
    help: "Copies of requests for another service.",
    labels: ["service", "outcome"],
  });
  const health = metrics.gauge("tusker_gateway_endpoint_up", {
    help: "Active checks of an endpoint: 1 passing, 0 failing.",
    labels: ["service", "endpoint"],
  });
  const keys = metrics
    .counter("tusker_gateway_jwks_failures_total", { help: "Times an issuer's keys could not be had." })
    .bind();
  return {
    shed: (service: string, priority: string) => shed.bind({ service, priority }).add(),
    hedged: (service: string, copy: string) => hedged.bind({ service, copy }).add(),
    fellBack: (service: string, to: string) => fellBack.bind({ service, to }).add(),
    fault: (route: string, kind: string) => faults.bind({ route, kind }).add(),
    copied: (service: string, outcome: string) => copies.bind({ service, outcome }).add(),
    health(service: string, endpoint: string, up: boolean | undefined) {
      if (up === undefined) health.forget({ service, endpoint });
      else health.bind({ service, endpoint }).set(up ? 1 : 0);
    },
    keysFailed: () => keys.add(),
  };
}

type Bindable<I, L extends string> = { bind(labels: Readonly<Record<L, string>>): I };

/** Binds each series once and keeps it: a lookup per request, not a label set. */
function routeMeter(
  route: string,
  requests: Bindable<Counter, "route" | "method" | "status">,
  seconds: Bindable<Histogram, "route" | "status">,
  limited: Bindable<Counter, "route">,
): RouteMeter {
  const byMethod = new Map<string, Map<number, Counter>>();
  const histograms = new Map<number, Histogram>();
  const refused = limited.bind({ route });
  return {
    answered(method, status, took) {
      const word = knownMethod(method);
      const counters = byMethod.get(word) ?? kept(byMethod, word, new Map<number, Counter>());
      const counter =
        counters.get(status) ??
        kept(counters, status, requests.bind({ route, method: word, status: String(status) }));
      counter.add();
      const hundred = Math.floor(status / 100);
      const histogram =
        histograms.get(hundred) ?? kept(histograms, hundred, seconds.bind({ route, status: `${hundred}xx` }));
      histogram.record(took);
    },
    limited: () => refused.add(),
  };
}

function kept<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}

/** What a gateway knows of itself at any time. */
export interface GatewayGauges {
  readonly inFlight: () => number;
  readonly connections: () => number;
  readonly tunnels: () => number;
  readonly rateLimitKeys: () => number;
  readonly rateLimitForgotten: () => number;
  readonly accessLinesDropped: () => number;
}

/** Shows it among the metrics, asked when they are read. */
export function gauges(
  { metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock },
  now: GatewayGauges,
): void {
  const show = (name: string, help: string, read: () => number): void =>
    metrics.observe(name, { help }, read);
  show("tusker_gateway_in_flight", "Requests under way.", now.inFlight);
  show("tusker_gateway_connections", "Open client connections.", now.connections);
  show("tusker_gateway_tunnels", "Open connections that changed their protocol.", now.tunnels);
  show("tusker_gateway_rate_limit_keys", "Clients remembered by rate limits.", now.rateLimitKeys);
  show(
    "tusker_gateway_rate_limit_keys_forgotten",
    "Clients forgotten by rate limits to make room, since the start.",
    now.rateLimitForgotten,
  );
  show("tusker_gateway_clock_jumps", "Times the wall clock was set, since the start.", clockJumps(clock));
  show(
    "tusker_gateway_access_lines_dropped",
    "Lines of the access log that could not be written, since the start.",
    now.accessLinesDropped,
  );
}

/** What is known of the endpoints of a service. */
interface Judged {
  readonly service: string;
  /** True where the gateway checks them itself. */
  readonly checked: boolean;
  readonly endpoints: readonly {
    readonly id: string;
    readonly breaker: BreakerState;
    readonly up: boolean;
  }[];
}

/** What is shown of endpoints among the metrics. */
export interface EndpointGauges {
  /** The breaker of an endpoint has changed: from now on it is shown. */
  changed(service: string, endpoint: string): void;
  /** Sets the gauges to what is now. */
  show(services: readonly Judged[]): void;
}

/**
 * Gauges of endpoints are set when somebody looks: it may have been another thread that changed a breaker. Those of breakers
 * that never opened are not shown, nor is anything of endpoints that left: a fleet that runs for months has had many.
 */
export function endpointGauges({ breaker, health }: Pick<Meters, "breaker" | "health">): EndpointGauges {
  const opened = new Map<string, Named>();
  const checked = new Map<string, Named>();
  const changed = (service: string, id: string): void =>
    void opened.set(nameOf(service, id), { service, id });
  return {
    changed,
    show(services) {
      const gone = { opened: new Map(opened), checked: new Map(checked) };
      for (const { service, checked: isChecked, endpoints } of services)
        for (const one of endpoints) {
          const { id } = one;
          const name = nameOf(service, id);
          if (one.breaker !== "closed") changed(service, id);
          if (opened.has(name)) breaker(service, id, one.breaker);
          gone.opened.delete(name);
          if (!isChecked) continue;
          checked.set(name, { service, id });
          health(service, id, one.up);
          gone.checked.delete(name);
        }
      for (const [name, { service, id }] of gone.opened) {
        breaker(service, id, undefined);
        opened.delete(name);
      }
      for (const [name, { service, id }] of gone.checked) {
        health(service, id, undefined);
        checked.delete(name);
      }
    },
  };
}

interface Named {
  readonly service: string;
  readonly id: string;
}

function nameOf(service: string, id: string): string {
  return `${service}\n${id}`;
}
