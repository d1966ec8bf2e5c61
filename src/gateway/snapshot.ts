import type { Clock } from "../kernel/index.ts";
import { type RateLimit, rateLimit } from "../resilience/index.ts";
import { type AddressSet, addressSet } from "./head/cidr.ts";
import { compileTable, type Matchable, type RouteTable } from "./match/table.ts";
import type { Meters, RouteMeter } from "./meters.ts";
import type { GatewaySettings, RouteSettings, RoutesSettings } from "./section.ts";
import type { Upstream } from "./upstream.ts";

/** Everything a request needs of the settings, compiled. Immutable; a request keeps the one it began with. */
export interface Snapshot {
  readonly table: RouteTable<Route>;
  readonly routes: readonly Route[];
  readonly trusted: AddressSet;
}

/** One route with what it leads to. */
export interface Route extends Matchable {
  readonly service: string;
  readonly upstream: Upstream;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryUnsafe: boolean;
  /** Empty: nothing is taken off. */
  readonly stripPrefix: string;
  readonly maxBodyBytes: number;
  readonly limit: NamedLimit | undefined;
  readonly meter: RouteMeter;
}

/** A rate limit with the name clients see. */
export interface NamedLimit {
  readonly name: string;
  readonly rate: RateLimit;
}

export interface SnapshotParts {
  readonly upstreamOf: (service: string) => Upstream;
  readonly limits: LimitStore;
  readonly meters: Meters;
}

export function compileSnapshot(
  gateway: GatewaySettings,
  routes: RoutesSettings,
  parts: SnapshotParts,
): Snapshot {
  const shared = gateway.rate_limit_enabled
    ? parts.limits.get("gateway", gateway.rate_limit_requests, gateway.rate_limit_window)
    : undefined;
  const compiled = Object.entries(routes).flatMap(([path, several]) =>
    several.map((one) => compileRoute(path, one, gateway, shared, parts)),
  );
  return { table: compileTable(compiled), routes: compiled, trusted: addressSet(gateway.trusted_proxies) };
}

function compileRoute(
  path: string,
  route: RouteSettings,
  gateway: GatewaySettings,
  shared: NamedLimit | undefined,
  { upstreamOf, limits, meters }: SnapshotParts,
): Route {
  const own = route.rate_limit;
  const name = route.method === undefined ? path : `${route.method.join(",")} ${path}`;
  return {
    path,
    methods: route.method,
    service: route.service,
    upstream: upstreamOf(route.service),
    timeoutMs: route.timeout ?? gateway.timeout,
    retries: route.retries ?? gateway.retries,
    retryUnsafe: route.retry_unsafe,
    stripPrefix: route.strip_prefix ?? gateway.strip_prefix ?? "",
    maxBodyBytes: route.max_body ?? gateway.max_body,
    limit: own === undefined ? shared : limits.get(name, own.requests, own.window),
    meter: meters.route(path),
  };
}

/** Rate limits that outlive a reload: the same name with the same numbers is the same limit. State. */
export interface LimitStore {
  get(name: string, requests: number, windowMs: number): NamedLimit;
  /** Forgets the limits that are not in use. */
  keep(used: ReadonlySet<NamedLimit>): void;
  readonly keys: number;
  readonly forgotten: number;
}

export function limitStore(clock: Clock): LimitStore {
  const limits = new Map<string, NamedLimit>();
  const sum = (read: (rate: RateLimit) => number): number =>
    [...limits.values()].reduce((total, { rate }) => total + read(rate), 0);
  return {
    get(name, requests, windowMs) {
      const key = `${requests}/${windowMs} ${name}`;
      const limit = limits.get(key) ?? { name, rate: rateLimit({ limit: requests, windowMs }, clock) };
      limits.set(key, limit);
      return limit;
    },
    keep(used) {
      for (const [key, limit] of limits) if (!used.has(limit)) limits.delete(key);
    },
    get keys() {
      return sum((rate) => rate.keys);
    },
    get forgotten() {
      return sum((rate) => rate.forgotten);
    },
  };
}
