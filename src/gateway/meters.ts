import type { BreakerState } from "../resilience/index.ts";
import type { Counter, Histogram, Metrics } from "../telemetry/index.ts";

/** Every metric of the gateway. All names begin with `tusker_gateway_`. */
export interface Meters {
  /** The series of one route; kept, so that a reload continues them. */
  route(path: string): RouteMeter;
  retried(service: string, reason: string): void;
  /** A retry that would have been made, had there been budget, body or time. */
  notRetried(service: string, reason: string): void;
  breaker(service: string, endpoint: string, state: BreakerState): void;
  /** A service broke off in the middle of an answer. */
  broken(service: string): void;
  refusedConnection(): void;
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
  const routes = new Map<string, RouteMeter>();
  return {
    route(path) {
      const known = routes.get(path) ?? routeMeter(path, requests, seconds, limited);
      routes.set(path, known);
      return known;
    },
    retried: (service, reason) => retries.bind({ service, reason }).add(),
    notRetried: (service, reason) => notRetried.bind({ service, reason }).add(),
    breaker: (service, endpoint, state) => breakers.bind({ service, endpoint }).set(breakerValue[state]),
    broken: (service) => broken.bind({ service }).add(),
    refusedConnection: () => refused.add(),
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
