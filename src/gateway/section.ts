import { z } from "zod";
import { quickly } from "../kernel/section.ts";
import { routeProblems } from "./match/problems.ts";
import { unsafeRegex } from "./match/safe-regex.ts";
import type { Matchable } from "./match/table.ts";
import type { gatewaySection } from "./section/gateway.ts";
import { routeContradictions, routeShape } from "./section/route.ts";

export { gatewaySection, upstreamDefaults } from "./section/gateway.ts";
export { targetOf } from "./section/words.ts";

const route = routeShape.superRefine((one, ctx) => {
  for (const { path, message } of routeContradictions(one))
    ctx.addIssue({ code: "custom", message, path: [...path], params: { compares: true } });
});

/**
 * `[routes]`: path → route, or a list of routes that share the path and differ in method, host or conditions. What is
 * wrong with a path itself is an issue with `params.part` "key": the place to point at is the path and not the route. What
 * is wrong beside something else, which may be missing, has `params.compares`.
 */
export const routesSection = z
  .record(z.string(), z.union([route, z.array(route).min(1, "must hold at least one route")]))
  .superRefine(refuseBadPaths, {
    // A wrong field of one route says nothing about the paths: everything wrong is told at once.
    when: () => true,
  })
  .transform((map) =>
    Object.fromEntries(
      Object.entries(map).map(([path, one]) => [path, Array.isArray(one) ? one : [one]] as const),
    ),
  );

const plainRoute = quickly(routeShape);

/** `[routes]` as `routesSection` reads it, most often in a fraction of its time; undefined when that may have something to say. */
export function readRoutes(map: unknown): z.output<typeof routesSection> | undefined {
  if (typeof map !== "object" || map === null || Array.isArray(map)) return undefined;
  const routes: z.output<typeof routesSection> = {};
  const matchables: Matchable[] = [];
  for (const [path, one] of Object.entries(map)) {
    const list: readonly unknown[] = Array.isArray(one) ? one : [one];
    if (list.length === 0 || path === "__proto__") return undefined;
    const read = readList(list);
    if (read === undefined) return undefined;
    routes[path] = read;
    for (const { method: methods, host: hosts, headers, query } of read)
      matchables.push({ path, methods, hosts, headers, query });
  }
  return routeProblems(matchables).length === 0 ? routes : undefined;
}

/** The routes of one path. */
function readList(list: readonly unknown[]): z.output<typeof routeShape>[] | undefined {
  const read: z.output<typeof routeShape>[] = [];
  for (const each of list) {
    const plain = plainRoute(each);
    if (plain === undefined || routeContradictions(plain).length > 0) return undefined;
    read.push(plain);
  }
  return read;
}

/** Keys of `[gateway]` that a gateway that runs cannot take over: they belong to its listening socket. */
export const gatewayRestartKeys = [
  "port",
  "bind",
  "max_connections",
  "max_head",
  "max_headers",
  "transport",
  "workers",
  "access_log_to",
  "connect_timeout",
  "stream_idle_timeout",
] as const;

/** The keys of `[gateway]` that differ and that only a restart can change. */
export function changedForRestart(before: GatewaySettings, after: GatewaySettings): readonly string[] {
  return gatewayRestartKeys.filter((key) => before[key] !== after[key]);
}

/** `[gateway]`, validated; times in milliseconds, sizes in bytes. */
export type GatewaySettings = Readonly<z.output<typeof gatewaySection>>;
/** How one service is asked, validated. */
export type UpstreamSettings = Readonly<GatewaySettings["upstreams"][string]>;
/** One route, validated. */
export type RouteSettings = Readonly<z.output<typeof routeShape>>;
/** `[routes]`, validated: path → its routes. */
export type RoutesSettings = Readonly<Record<string, readonly RouteSettings[]>>;

/** @param map whatever was written: fields are judged elsewhere, and may be wrong */
function refuseBadPaths(map: unknown, ctx: z.core.$RefinementCtx): void {
  if (typeof map !== "object" || map === null) return;
  for (const { path, index, kind, message } of routeProblems(matchablesOf(map))) {
    if (kind === "pattern" && index > 0) continue;
    // Of several routes of one path only one is in question; that one is the place.
    const several = kind !== "pattern" && Array.isArray(Reflect.get(map, path));
    ctx.addIssue({
      code: "custom",
      message,
      path: several ? [path, index] : [path],
      params: { part: "key", compares: kind !== "pattern" },
    });
  }
}

function matchablesOf(map: object): readonly Matchable[] {
  const routes: Matchable[] = [];
  for (const [path, one] of Object.entries(map)) {
    if (Array.isArray(one)) for (const each of one) routes.push(matchableOf(path, each));
    else routes.push(matchableOf(path, one));
  }
  return routes;
}

/** A route that cannot be read takes no method, so that it is no duplicate of another. */
function matchableOf(path: string, one: unknown): Matchable {
  if (typeof one !== "object" || one === null) return { path, methods: [] };
  const field = (name: string): unknown => Reflect.get(one, name);
  if (hasUnreadable(field("headers")) || hasUnreadable(field("query"))) return { path, methods: [] };
  return {
    path,
    methods: textsOf(field("method")),
    hosts: textsOf(field("host")),
    headers: pairsOf(field("headers")),
    query: pairsOf(field("query")),
  };
}

/** True for conditions of which one cannot be read: what is wrong with it is told where it stands. */
function hasUnreadable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).some(isUnreadable);
}

function isUnreadable(one: unknown): boolean {
  return typeof one !== "string" || (one.startsWith("~") && unsafeRegex(one.slice(1)) !== undefined);
}

function textsOf(value: unknown): readonly string[] | undefined {
  return value === undefined ? undefined : [value].flat().filter((one) => typeof one === "string");
}

function pairsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}
