import type { Clock } from "../kernel/index.ts";
import { type RateLimit, type RateLimitSettings, rateLimit } from "../resilience/index.ts";
import { compileRoute } from "./compile.ts";
import { type AddressSet, addressSet } from "./head/cidr.ts";
import { limitWords } from "./head/rate-limit.ts";
import { compileTable, type RouteTable } from "./match/table.ts";
import type { PathRules } from "./match/target.ts";
import type { LimitStore, NamedLimit, Route, RouteParts } from "./route.ts";
import type { GatewaySettings, RoutesSettings } from "./section.ts";

/** Everything a request needs of the settings, compiled. Immutable; a request keeps the one it began with. */
export interface Snapshot {
  readonly table: RouteTable<Route>;
  readonly routes: readonly Route[];
  readonly trusted: AddressSet;
  readonly paths: PathRules;
  /** Share of requests that are logged; 0 for none. */
  readonly accessLog: number;
  /** Longest silence in a tunnel. */
  readonly streamIdleMs: number;
}

export function compileSnapshot(
  gateway: GatewaySettings,
  routes: RoutesSettings,
  parts: RouteParts,
): Snapshot {
  const shared = gateway.rate_limit_enabled
    ? parts.limits.get({
        name: "gateway",
        requests: gateway.rate_limit_requests,
        windowMs: gateway.rate_limit_window,
      })
    : undefined;
  const compiled = Object.entries(routes).flatMap(([path, several]) =>
    several.map((one) => compileRoute({ path, route: one, gateway, shared }, parts)),
  );
  return {
    table: compileTable(compiled),
    routes: compiled,
    trusted: addressSet(gateway.trusted_proxies),
    paths: { encodedSlash: gateway.encoded_slash, repeatedSlashes: gateway.repeated_slashes },
    accessLog: gateway.access_log,
    streamIdleMs: gateway.stream_idle_timeout,
  };
}

/** Makes the limit of a name. */
export type RateLimitMaker = (name: string, settings: RateLimitSettings) => RateLimit;

/** Rate limits by name. @param make default: limits of this thread alone */
export function limitStore(
  clock: Clock,
  make: RateLimitMaker = (_name, settings) => rateLimit(settings, clock),
): LimitStore {
  const limits = new Map<string, NamedLimit>();
  const sum = (read: (rate: RateLimit) => number): number =>
    [...limits.values()].reduce((total, { rate }) => total + read(rate), 0);
  return {
    get({ name, route = "", requests, windowMs, key: source = "client" }) {
      const stable = `${source} ${name} ${route}`;
      const key = `${requests}/${windowMs} ${stable}`;
      const settings = { limit: requests, windowMs };
      const limit = limits.get(key) ?? {
        name,
        rate: make(stable, settings),
        key: source,
        words: limitWords(name, settings),
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
