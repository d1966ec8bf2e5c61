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
  port: port().default(8080).describe("Port to listen on. 0 lets the system choose."),
  bind: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
  timeout: durationMs({ minMs: 1 })
    .prefault("30s")
    .describe("From the request to the head of its answer, all tries and waits included."),
  strip_prefix: stripPrefix
    .optional()
    .describe("Taken off the path before a request is forwarded; a route may override."),
  max_connections: count({ min: 1 })
    .default(1000)
    .describe("Open client connections; further ones are answered 503."),
  retries: count({ max: 10 }).default(1).describe("Tries after the first, where a route does not say."),
  rate_limit_enabled: z
    .boolean()
    .default(false)
    .describe("Limits requests per client address; what is above the limit is answered 429."),
  rate_limit_requests: count({ min: 1 }).default(100).describe("Requests per client address and window."),
  rate_limit_window: durationMs({ minMs: 1 })
    .prefault("1m")
    .describe("The time in which rate_limit_requests are allowed."),
  trusted_proxies: z
    .array(z.string().refine(isCidr, 'must be an address or a network such as "10.0.0.0/8"'))
    .default([])
    .describe("Addresses and networks whose X-Forwarded-For is believed."),
  balance: z.enum(balancerNames).default("p2c_ewma").describe("How an endpoint is chosen."),
  max_body: sizeBytes().prefault("10MiB").describe("Largest request body; a route may override."),
  max_head: sizeBytes().prefault("32KiB").describe("Largest request head: request line and fields."),
  max_headers: count({ min: 1 }).default(100).describe("Fields of a request head."),
  transport: z
    .enum(["engine", "compat"])
    .default("engine")
    .describe(
      "What is below: Tusker's own HTTP/1.1 engine, or node:http and undici to settle a doubt about it.",
    ),
});

const route = z.strictObject({
  service: z.string().min(1, "must name a service").describe("Name of a service of the fleet."),
  method: z
    .union([method, z.array(method).min(1, "must name at least one method")])
    .transform((one) => (typeof one === "string" ? [one] : one))
    .optional()
    .describe("One method or several; absent means all."),
  timeout: durationMs({ minMs: 1 })
    .optional()
    .describe("From the request to the head of its answer, in place of the gateway's."),
  retries: count({ max: 10 })
    .optional()
    .describe("Tries after the first. Only what is safe to repeat is repeated."),
  retry_unsafe: z
    .boolean()
    .default(false)
    .describe("Repeat POST and PATCH too, although the service may act twice."),
  strip_prefix: stripPrefix.optional().describe('In place of the gateway\'s; "" takes nothing off.'),
  max_body: sizeBytes().optional().describe("In place of the gateway's."),
  rate_limit: z
    .strictObject({
      requests: count({ min: 1 }).describe("Requests per client address and window."),
      window: durationMs({ minMs: 1 }).describe("The time in which they are allowed."),
    })
    .optional()
    .describe("Replaces the gateway's limit on this route."),
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

/** Keys of `[gateway]` that a gateway that runs cannot take over: they belong to its listening socket. */
export const gatewayRestartKeys = [
  "port",
  "bind",
  "max_connections",
  "max_head",
  "max_headers",
  "transport",
] as const;

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
