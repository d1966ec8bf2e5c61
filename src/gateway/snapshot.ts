import type { Clock, Random } from "../kernel/index.ts";
import { type Priority, type RateLimit, rateLimit } from "../resilience/index.ts";
import type { AuthPorts } from "./auth/guard.ts";
import { compileRoute } from "./compile.ts";
import { type AddressSet, addressSet } from "./head/cidr.ts";
import { compileTable, type Matchable, type RouteTable } from "./match/table.ts";
import type { Meters, RouteMeter } from "./meters.ts";
import type { Mirror } from "./policy/mirror.ts";
import type { Split } from "./policy/split.ts";
import type { Sticky } from "./policy/sticky.ts";
import type { Transform } from "./policy/transform.ts";
import type { Guard } from "./policy/visit.ts";
import type { RetryReason } from "./retry-on.ts";
import type { GatewaySettings, RouteSettings, RoutesSettings } from "./section.ts";
import type { Upstream } from "./upstream.ts";

/** Everything a request needs of the settings, compiled. Immutable; a request keeps the one it began with. */
export interface Snapshot {
  readonly table: RouteTable<Route>;
  readonly routes: readonly Route[];
  readonly trusted: AddressSet;
  /** Share of requests that are logged; 0 for none. */
  readonly accessLog: number;
}

/** One route with what it leads to. What a route does not use is undefined, and costs its requests nothing. */
export interface Route extends Matchable {
  /** Service or services, for messages; empty for a route that is answered here. */
  readonly service: string;
  /** Undefined for a route that is answered here. */
  readonly upstream: Upstream | undefined;
  readonly timeoutMs: number;
  /** Longest time of one try; undefined means an equal share of the whole. */
  readonly tryTimeoutMs: number | undefined;
  readonly retries: number;
  readonly retryOn: ReadonlySet<RetryReason>;
  /** The HTTP statuses among them. */
  readonly retryStatuses: ReadonlySet<number>;
  readonly retryUnsafe: boolean;
  readonly hedge: boolean;
  /** Empty: nothing is taken off. */
  readonly stripPrefix: string;
  readonly addPrefix: string;
  readonly maxBodyBytes: number;
  readonly limit: NamedLimit | undefined;
  readonly meter: RouteMeter;
  /** Before the limit: CORS, who it is. */
  readonly guard: Guard | undefined;
  /** After the limit: faults on purpose, answers of our own. */
  readonly lateGuard: Guard | undefined;
  /** Chooses among several services. */
  readonly split: Split<Upstream> | undefined;
  /** What hashing balancers choose by. */
  readonly hash: string | undefined;
  readonly sticky: Sticky | undefined;
  readonly priority: Priority;
  /** Rewrites the request's fields, and the answer's. */
  readonly edit: Transform | undefined;
  readonly reply: Transform | undefined;
  readonly compress: boolean;
  readonly shadow: Mirror | undefined;
  readonly fallback: RouteSettings["fallback"];
  readonly fallbackUpstream: Upstream | undefined;
  /** True when none of the above that stands beside the plain way of a request is used. */
  readonly plain: boolean;
}

/** A rate limit with the name clients see. */
export interface NamedLimit {
  readonly name: string;
  readonly rate: RateLimit;
  /** Who is counted; see `keyOf`. */
  readonly key: string;
}

export interface SnapshotParts {
  readonly upstreamOf: (service: string) => Upstream;
  readonly limits: LimitStore;
  readonly meters: Meters;
  readonly auth: AuthPorts;
  readonly mirrorTo: (upstream: Upstream, share: number) => Mirror;
  readonly onFault: (path: string, kind: "delay" | "abort") => void;
  readonly clock: Clock;
  readonly random: Random;
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
    several.map((one) => compileRoute({ path, route: one, gateway, shared }, parts)),
  );
  return {
    table: compileTable(compiled),
    routes: compiled,
    trusted: addressSet(gateway.trusted_proxies),
    accessLog: gateway.access_log,
  };
}

/** Rate limits that outlive a reload: the same name with the same numbers is the same limit. State. */
export interface LimitStore {
  /** @param key who is counted; default "client" */
  get(name: string, requests: number, windowMs: number, key?: string): NamedLimit;
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
    get(name, requests, windowMs, source = "client") {
      const key = `${requests}/${windowMs} ${source} ${name}`;
      const limit = limits.get(key) ?? {
        name,
        rate: rateLimit({ limit: requests, windowMs }, clock),
        key: source,
      };
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
