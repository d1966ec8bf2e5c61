import { tryDuration } from "../../../kernel/index.ts";
import type { OutsideProblem } from "../../../tsk/index.ts";
import { problem } from "../problems.ts";
import { field, mapOf } from "./fields.ts";

/** A route and its place. */
export interface PlacedRoute {
  readonly path: string;
  readonly route: unknown;
  readonly at: readonly PropertyKey[];
}

/** Every route, one by one, whether its path has one or a list. */
export function routesOf(value: Readonly<Record<string, unknown>>): readonly PlacedRoute[] {
  const routes = mapOf(value.routes);
  const found: PlacedRoute[] = [];
  for (const path of Object.keys(routes)) {
    const one = routes[path];
    if (!Array.isArray(one)) found.push({ path, route: one, at: ["routes", path] });
    else
      for (let index = 0; index < one.length; index++)
        found.push({ path, route: one[index], at: ["routes", path, index] });
  }
  return found;
}

/** What a route says against what the gateway says. */
export function contradictoryTimeouts(
  value: Readonly<Record<string, unknown>>,
  routes: readonly PlacedRoute[],
): OutsideProblem[] {
  const whole = duration(field(value.gateway, "timeout")) ?? 30_000;
  const connect = duration(field(value.gateway, "connect_timeout")) ?? 0;
  const never = "is longer than the timeout of the gateway; it would never come to act";
  const found = [...uselessWaits(value, routes, whole), ...uselessDrain(value)];
  if (connect > whole)
    found.push(
      problem("FLEET_INVALID", ["gateway", "connect_timeout"], `connect_timeout ${never}`, {
        unless: [["gateway", "timeout"]],
      }),
    );
  for (const { path, route, at } of routes) {
    const one = duration(field(route, "try_timeout"));
    if (one === undefined || one <= whole || field(route, "timeout") !== undefined) continue;
    found.push(
      problem("FLEET_INVALID", [...at, "try_timeout"], `try_timeout of the route "${path}" ${never}`, {
        help: "give the route a longer timeout of its own, or a shorter try_timeout",
        unless: [
          ["gateway", "timeout"],
          [...at, "timeout"],
        ],
      }),
    );
  }
  return found;
}

/** Waits for a place at a service that are longer than the time of any request. */
function uselessWaits(
  value: Readonly<Record<string, unknown>>,
  routes: readonly PlacedRoute[],
  wholeMs: number,
): OutsideProblem[] {
  const upstreams = mapOf(field(value.gateway, "upstreams"));
  const longest = Math.max(wholeMs, ...routes.map(({ route }) => duration(field(route, "timeout")) ?? 0));
  return Object.keys(upstreams).flatMap((name) => {
    const wait = duration(field(upstreams[name], "queue_timeout"));
    if (wait === undefined || wait <= longest) return [];
    const at = ["gateway", "upstreams", name, "queue_timeout"];
    const message = `queue_timeout of "${name}" is longer than the timeout of every request; it would never come to act`;
    return [problem("FLEET_INVALID", at, message, { unless: [["gateway", "timeout"], ["routes"]] })];
  });
}

/** Paths with an empty segment, which no request has where `//` is one slash or refused. */
export function unreachableSlashes(
  value: Readonly<Record<string, unknown>>,
  routes: readonly PlacedRoute[],
): OutsideProblem[] {
  const rule = field(value.gateway, "repeated_slashes");
  if (rule !== "merge" && rule !== "reject") return [];
  return routes.flatMap(({ path, at }) => {
    if (!path.includes("//")) return [];
    const message = `path "${path}" is never reached: with repeated_slashes "${rule}" no request has an empty segment`;
    return [problem("FLEET_INVALID", at, message, { unless: [["gateway", "repeated_slashes"]] })];
  });
}

/** An answer that begins in the time of `drain` would be cut off at once where that of `stream_drain` is over. */
function uselessDrain(value: Readonly<Record<string, unknown>>): OutsideProblem[] {
  const drain = duration(field(value.gateway, "drain"));
  const streams = duration(field(value.gateway, "stream_drain")) ?? 3_600_000;
  if (drain === undefined || drain <= streams) return [];
  const message = "drain is longer than stream_drain: what begins to be answered behind that is cut off";
  return [problem("FLEET_INVALID", ["gateway", "drain"], message, { unless: [["gateway", "stream_drain"]] })];
}

/** What routes want of those who ask, against whom the gateway knows. */
export function contradictoryAuth(
  value: Readonly<Record<string, unknown>>,
  routes: readonly PlacedRoute[],
): OutsideProblem[] {
  const consumers = mapOf(field(value.gateway, "api_keys"));
  const issuer = field(value.gateway, "jwt") !== undefined;
  const found: OutsideProblem[] = [];
  for (const { path, route, at } of routes) {
    const auth = field(route, "auth");
    const named = field(route, "consumers");
    if (auth === undefined && named === undefined) continue;
    const ways = Array.isArray(auth) ? auth : [];
    const say = (key: readonly PropertyKey[], message: string, ...lacks: readonly string[]): void => {
      const unless = [
        ["gateway", ...lacks],
        [...at, "auth"],
      ];
      found.push(problem("FLEET_INVALID", [...at, ...key], `the route "${path}" ${message}`, { unless }));
    };
    for (const [index, way] of ways.entries()) {
      if (way === "jwt" && !issuer)
        say(["auth", index], "wants tokens, but [gateway] has no jwt: nobody could pass", "jwt");
      if (way === "key" && Object.keys(consumers).length === 0)
        say(["auth", index], "wants API keys, but [gateway] has no api_keys: nobody could pass", "api_keys");
    }
    // A token may name anybody; keys are of those who are written.
    if (!Array.isArray(named) || ways.includes("jwt")) continue;
    for (const [index, one] of named.entries())
      if (typeof one === "string" && !Object.hasOwn(consumers, one))
        say(["consumers", index], `lets "${one}" pass, of whom api_keys has no key`, "api_keys", one);
  }
  return [...found, ...sharedKeys(consumers)];
}

/** A key that two have says nothing about who asks. */
function sharedKeys(consumers: Readonly<Record<string, unknown>>): OutsideProblem[] {
  const owners = new Map<unknown, { readonly name: string; readonly path: readonly PropertyKey[] }>();
  const found: OutsideProblem[] = [];
  for (const [name, keys] of Object.entries(consumers)) {
    for (const [index, key] of (Array.isArray(keys) ? keys : []).entries()) {
      const path = ["gateway", "api_keys", name, index];
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { name, path });
      else if (owner.name !== name)
        found.push(
          problem("FLEET_INVALID", path, `"${name}" has a key that "${owner.name}" has: who asks by it?`, {
            also: [{ path: owner.path, message: "the other one" }],
            help: "give every consumer keys of its own",
          }),
        );
    }
  }
  return found;
}

/** Redirects that fill in what the path does not have: it would reach the client as it stands. */
export function unknownParameters(routes: readonly PlacedRoute[]): OutsideProblem[] {
  return routes.flatMap(({ path, route, at }) => {
    const to = field(field(route, "redirect"), "to");
    if (typeof to !== "string") return [];
    const known = new Set(["host", "path", "query", ...namesIn(path)]);
    const unknown = namesIn(to).filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    const message = `redirect of "${path}" fills in {${unknown[0]}}, which the path does not have`;
    const help = `there are {${[...known].join("}, {")}}`;
    return [problem("FLEET_INVALID", [...at, "redirect", "to"], message, { help })];
  });
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

function duration(text: unknown): number | undefined {
  return typeof text === "string" ? tryDuration(text) : undefined;
}
