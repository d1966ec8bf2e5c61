import type { Random } from "../kernel/index.ts";
import { auth } from "./auth/guard.ts";
import { conditionsText } from "./match/conditions.ts";
import { parsePattern } from "./match/pattern.ts";
import { cors } from "./policy/cors.ts";
import { fault } from "./policy/fault.ts";
import { redirect, staticAnswer } from "./policy/local.ts";
import { statusesOf, usualReasons } from "./policy/retry-on.ts";
import { placeOfKey, type Split, split } from "./policy/split.ts";
import { sticky } from "./policy/sticky.ts";
import { type Transform, transform } from "./policy/transform.ts";
import { type Guard, inOrder } from "./policy/visit.ts";
import type { NamedLimit, Route, RouteParts } from "./route.ts";
import type { GatewaySettings, RouteSettings } from "./section.ts";
import type { Upstream } from "./upstream.ts";

/** One route as written, with what it inherits. */
export interface WrittenRoute {
  readonly path: string;
  readonly route: RouteSettings;
  readonly gateway: GatewaySettings;
  /** The limit of routes that have none of their own. */
  readonly shared: NamedLimit | undefined;
}

/** Compiles a route: what it does not use is left undefined. */
export function compileRoute(written: WrittenRoute, parts: RouteParts): Route {
  const { path, route, gateway } = written;
  const weights = Object.entries(route.services ?? {});
  const service = route.service ?? weights.map(([name]) => name).join("|");
  const first = route.service ?? weights.find(([, weight]) => weight > 0)?.[0];
  const retryOn = route.retry_on === undefined ? usualReasons : new Set(route.retry_on);
  const policies = policiesOf(written, parts);
  const upstream = first === undefined ? undefined : parts.upstreamOf(first);
  return {
    path,
    methods: methodsOf(route),
    hosts: route.host,
    headers: route.headers,
    query: route.query,
    service,
    upstream,
    timeoutMs: route.timeout ?? gateway.timeout,
    tryTimeoutMs: route.try_timeout,
    retries: route.retries ?? gateway.retries,
    retryOn,
    retryStatuses: statusesOf(retryOn),
    retryUnsafe: route.retry_unsafe,
    stripPrefix: route.strip_prefix ?? gateway.strip_prefix ?? "",
    addPrefix: route.add_prefix ?? "",
    maxBodyBytes: route.max_body ?? gateway.max_body,
    limit: limitOf(written, parts),
    meter: parts.meters.route(path),
    priority: route.priority,
    ...policies,
    plain: isPlain(policies, route) && gateway.access_log === 0 && isSimple(route),
  };
}

type Policies = Pick<
  Route,
  | "guard"
  | "auth"
  | "lateGuard"
  | "split"
  | "hash"
  | "sticky"
  | "edit"
  | "reply"
  | "compress"
  | "shadow"
  | "hedge"
  | "fallback"
  | "fallbackUpstream"
>;

function policiesOf(written: WrittenRoute, parts: RouteParts): Policies {
  const { route, gateway } = written;
  const { upstreamOf, random } = parts;
  const weights = Object.entries(route.services ?? {}).map(
    ([name, weight]) => [upstreamOf(name), weight] as const,
  );
  return {
    // A preflight carries no credentials, so it is answered before anybody asks for some.
    guard: route.cors === undefined ? undefined : cors(route.cors, route.method),
    auth: route.auth === undefined ? undefined : auth(route, parts.auth, route.timeout ?? gateway.timeout),
    lateGuard: inOrder(lateGuardsOf(written, parts)),
    split: splitOf(weights, route, random),
    hash: route.hash,
    sticky: route.sticky === undefined ? undefined : sticky(route.sticky),
    edit: requestTransform(written),
    reply: route.response_headers === undefined ? undefined : transform(route.response_headers),
    compress: route.compress ?? gateway.compress,
    shadow: route.mirror && parts.mirrorTo(upstreamOf(route.mirror.service), route.mirror.share),
    hedge: route.hedge ?? false,
    fallback: route.fallback,
    fallbackUpstream: route.fallback_service === undefined ? undefined : upstreamOf(route.fallback_service),
  };
}

/**
 * Among several services, the one whose instance a client was at: back at another service, it would not be at its
 * instance. What `hash` keeps together is kept together by it alone.
 */
function splitOf(
  weights: readonly (readonly [Upstream, number])[],
  route: RouteSettings,
  random: Random,
): Split<Upstream> | undefined {
  if (weights.length === 0) return undefined;
  const byWeight = split(weights, route.hash, placeOfKey, random);
  if (route.sticky === undefined || route.hash !== undefined) return byWeight;
  const { markOf } = sticky(route.sticky);
  const live = weights.filter(([, weight]) => weight > 0);
  return (visit) => {
    const mark = markOf(visit);
    const before = mark === undefined ? undefined : live.find(([{ cluster }]) => cluster.isLive(mark));
    return before?.[0] ?? byWeight(visit);
  };
}

/** What the file wants, and that a key which let somebody in goes no further: it is no business of the service. */
function requestTransform({ route, gateway }: WrittenRoute): Transform | undefined {
  const { remove = [], set = {}, add = {} } = route.request_headers ?? {};
  const keys = route.auth?.includes("key") === true ? [gateway.api_key_header] : [];
  if (route.request_headers === undefined && keys.length === 0) return undefined;
  return transform({ remove: [...remove, ...keys], set, add });
}

function lateGuardsOf({ path, route, gateway }: WrittenRoute, parts: RouteParts): Guard[] {
  const { clock, random } = parts;
  const timeoutMs = route.timeout ?? gateway.timeout;
  const onFault = (kind: "delay" | "abort"): void => parts.onFault(path, kind);
  const guards: Guard[] = [];
  if (route.fault !== undefined) guards.push(fault(route.fault, { clock, random, timeoutMs, onFault }));
  const parsed = parsePattern(path);
  if (route.redirect !== undefined && parsed.ok) guards.push(redirect(route.redirect, parsed.pattern));
  if (route.answer !== undefined) guards.push(staticAnswer(route.answer));
  return guards;
}

/** A route with CORS takes preflights whatever methods it is for. */
function methodsOf({ method, cors }: RouteSettings): readonly string[] | undefined {
  return method === undefined || cors === undefined || method.includes("OPTIONS")
    ? method
    : [...method, "OPTIONS"];
}

function limitOf({ path, route, shared }: WrittenRoute, { limits }: RouteParts): NamedLimit | undefined {
  const own = route.rate_limit;
  if (own === undefined) return shared;
  const name = route.method === undefined ? path : `${route.method.join(",")} ${path}`;
  // Routes of one path are told apart by host and conditions too.
  const { requests, window, key } = own;
  return limits.get({
    name,
    route: `${route.host?.join(",") ?? ""} ${conditionsText(route)}`,
    requests,
    windowMs: window,
    key,
  });
}

/** A token alone is no reason for the long way: once it is known, its guard answers at once and adds no field. */
function isPlain({ auth: _known, ...others }: Policies, route: RouteSettings): boolean {
  const quick = route.auth === undefined || route.auth.join() === "jwt";
  return quick && Object.values(others).every((policy) => policy === undefined || policy === false);
}

function isSimple(route: RouteSettings): boolean {
  const key = route.rate_limit?.key ?? "client";
  return (
    key === "client" &&
    route.try_timeout === undefined &&
    route.retry_on === undefined &&
    route.add_prefix === undefined &&
    route.service !== undefined
  );
}
