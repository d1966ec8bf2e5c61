import { z } from "zod";
import { count, durationMs, port, sizeBytes } from "../kernel/index.ts";
import { balancerNames } from "../resilience/index.ts";
import { isCidr } from "./head/cidr.ts";
import { type Matchable, routeProblems } from "./match/table.ts";

/** A path beginning that is taken off before a request is forwarded; "" takes nothing off. */
const stripPrefix = z
  .string('must be a plain path such as "/api"')
  .regex(/^(?:\/[^\s?#*{}/]+)*\/?$/, 'must be a plain path such as "/api", found something else')
  .transform((text) => text.replace(/\/$/, ""));

const method = z
  .string('must be an HTTP method such as "GET"')
  .regex(/^[A-Z][A-Z0-9_-]*$/, 'must be an HTTP method in capitals, such as "GET"')
  .refine((name) => name !== "CONNECT", "must not be CONNECT: the gateway makes no tunnels");

/** `[gateway]`: the front door of the fleet. */
export const gatewaySection = z.strictObject({
  /** 0 lets the system choose. */
  port: port().default(8080),
  /** Address to listen on. */
  bind: z.string().min(1).default("127.0.0.1"),
  /** From the request to the head of its answer, all tries and waits included. */
  timeout: durationMs({ minMs: 1 }).prefault("30s"),
  /** Taken off the path before a request is forwarded; a route may override. */
  strip_prefix: stripPrefix.optional(),
  /** Open client connections; further ones are answered 503. */
  max_connections: count({ min: 1 }).default(1000),
  /** Tries after the first, where a route does not say. */
  retries: count({ max: 10 }).default(1),
  rate_limit_enabled: z.boolean().default(false),
  /** Requests per client address and window. */
  rate_limit_requests: count({ min: 1 }).default(100),
  rate_limit_window: durationMs({ minMs: 1 }).prefault("1m"),
  /** Addresses and networks whose X-Forwarded-For is believed. */
  trusted_proxies: z
    .array(z.string().refine(isCidr, 'must be an address or a network such as "10.0.0.0/8"'))
    .default([]),
  /** How an endpoint is chosen. */
  balance: z.enum(balancerNames).default("p2c_ewma"),
  /** Largest request body; a route may override. */
  max_body: sizeBytes().prefault("10MiB"),
  /** Largest request head: request line and fields. */
  max_head: sizeBytes().prefault("32KiB"),
  /** Fields of a request head. */
  max_headers: count({ min: 1 }).default(100),
  /** Engine below the forwarder. */
  transport: z.enum(["compat"]).default("compat"),
});

const route = z.strictObject({
  /** Name of a service of the fleet. */
  service: z.string().min(1, "must name a service"),
  /** One method or several; absent means all. */
  method: z
    .union([method, z.array(method).min(1, "must name at least one method")])
    .transform((one) => (typeof one === "string" ? [one] : one))
    .optional(),
  timeout: durationMs({ minMs: 1 }).optional(),
  /** Tries after the first. Only what is safe to repeat is repeated. */
  retries: count({ max: 10 }).optional(),
  /** Repeat POST and PATCH too, although the service may act twice. */
  retry_unsafe: z.boolean().default(false),
  strip_prefix: stripPrefix.optional(),
  max_body: sizeBytes().optional(),
  /** Replaces the gateway's limit on this route. */
  rate_limit: z.strictObject({ requests: count({ min: 1 }), window: durationMs({ minMs: 1 }) }).optional(),
});

/**
 * `[routes]`: path → route, or a list of routes that share the path and differ in method. What is wrong with a path
 * itself is an issue with `params.part` "key": the place to point at is the path and not the route behind it.
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

/** `[gateway]`, validated; times in milliseconds, sizes in bytes. */
export type GatewaySettings = Readonly<z.output<typeof gatewaySection>>;
/** One route, validated. */
export type RouteSettings = Readonly<z.output<typeof route>>;
/** `[routes]`, validated: path → its routes. */
export type RoutesSettings = Readonly<Record<string, readonly RouteSettings[]>>;

/** @param map whatever was written: fields are judged elsewhere, and may be wrong */
function refuseBadPaths(map: unknown, ctx: z.core.$RefinementCtx): void {
  if (typeof map !== "object" || map === null) return;
  const routes = Object.entries(map).flatMap(([path, one]): Matchable[] =>
    (Array.isArray(one) ? one : [one]).map((each) => ({ path, methods: methodsOf(each) })),
  );
  for (const { path, index, kind, message } of routeProblems(routes)) {
    if (kind === "pattern" && index > 0) continue;
    // Of several routes of one path only one is a duplicate; that one is the place.
    const several = kind === "duplicate" && Array.isArray(Reflect.get(map, path));
    ctx.addIssue({
      code: "custom",
      message,
      path: several ? [path, index] : [path],
      params: { part: "key" },
    });
  }
}

/** None for a route that cannot be read, so that it is no duplicate of another. */
function methodsOf(one: unknown): readonly string[] | undefined {
  if (typeof one !== "object" || one === null) return [];
  if (!("method" in one) || one.method === undefined) return undefined;
  return [one.method].flat().filter((name) => typeof name === "string");
}
