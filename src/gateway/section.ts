import { z } from "zod";
import { count, durationMs, port, sizeBytes } from "../kernel/index.ts";
import { balancerNames } from "../resilience/index.ts";
import { isCidr } from "./head/cidr.ts";
import { type Matchable, routeProblems } from "./match/table.ts";

/** A path beginning that is taken off before a request is forwarded; "" takes nothing off. */
const stripPrefix = z
  .string()
  .regex(/^(?:\/[^\s?#*{}/]+)*\/?$/, 'must be a plain path such as "/api", found something else')
  .transform((text) => text.replace(/\/$/, ""));

const method = z
  .string()
  .regex(/^[A-Z][A-Z0-9_-]*$/, 'must be an HTTP method in capitals, such as "GET"')
  .refine((name) => name !== "CONNECT", "CONNECT makes a tunnel, which the gateway does not offer");

/** `[gateway]`: the front door of the fleet. */
export const gatewaySection = z.strictObject({
  port: port().default(8080).describe("Port to listen on. 0 lets the system choose."),
  bind: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
  timeout: durationMs()
    .prefault("30s")
    .describe("From the request to the head of its answer, all tries and waits included."),
  strip_prefix: stripPrefix
    .optional()
    .describe("Taken off the path before a request is forwarded; a route may override."),
  max_connections: count()
    .min(1, "must be at least 1")
    .default(1000)
    .describe("Open client connections; further ones are answered 503."),
  retries: count()
    .max(10, "must be at most 10")
    .default(1)
    .describe("Tries after the first, where a route does not say."),
  rate_limit_enabled: z
    .boolean()
    .default(false)
    .describe("Limits requests per client address; what is above the limit is answered 429."),
  rate_limit_requests: count()
    .min(1, "must be at least 1")
    .default(100)
    .describe("Requests per client address and window."),
  rate_limit_window: durationMs()
    .prefault("1m")
    .describe("The time in which rate_limit_requests are allowed."),
  trusted_proxies: z
    .array(z.string().refine(isCidr, 'must be an address or a network such as "10.0.0.0/8"'))
    .default([])
    .describe("Addresses and networks whose X-Forwarded-For is believed."),
  balance: z.enum(balancerNames).default("p2c_ewma").describe("How an endpoint is chosen."),
  max_body: sizeBytes().prefault("10MiB").describe("Largest request body; a route may override."),
  max_head: sizeBytes().prefault("32KiB").describe("Largest request head: request line and fields."),
  max_headers: count().min(1, "must be at least 1").default(100).describe("Fields of a request head."),
  transport: z.enum(["compat"]).default("compat").describe("Engine below the forwarder."),
});

const route = z.strictObject({
  service: z.string().min(1, "must name a service").describe("Name of a service of the fleet."),
  method: z
    .union([method, z.array(method).min(1, "must name at least one method")])
    .transform((one) => (typeof one === "string" ? [one] : one))
    .optional()
    .describe("One method or several; absent means all."),
  timeout: durationMs()
    .optional()
    .describe("From the request to the head of its answer, in place of the gateway's."),
  retries: count()
    .max(10, "must be at most 10")
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
      requests: count().min(1, "must be at least 1").describe("Requests per client address and window."),
      window: durationMs().describe("The time in which they are allowed."),
    })
    .optional()
    .describe("Replaces the gateway's limit on this route."),
});

/** `[routes]`: path → route, or a list of routes that share the path and differ in method. */
export const routesSection = z
  .record(z.string(), z.union([route, z.array(route).min(1, "must hold at least one route")]))
  .transform((map) =>
    Object.fromEntries(
      Object.entries(map).map(([path, one]) => [path, Array.isArray(one) ? one : [one]] as const),
    ),
  )
  .superRefine((map, ctx) => {
    for (const { path, index, message } of routeProblems(matchables(map))) {
      const several = (map[path]?.length ?? 0) > 1;
      ctx.addIssue({ code: "custom", message, path: several ? [path, index] : [path] });
    }
  });

/** `[gateway]`, validated; times in milliseconds, sizes in bytes. */
export type GatewaySettings = Readonly<z.output<typeof gatewaySection>>;
/** One route, validated. */
export type RouteSettings = Readonly<z.output<typeof route>>;
/** `[routes]`, validated: path → its routes. */
export type RoutesSettings = Readonly<Record<string, readonly RouteSettings[]>>;

function matchables(map: RoutesSettings): Matchable[] {
  return Object.entries(map).flatMap(([path, routes]) =>
    routes.map((one) => ({ path, methods: one.method })),
  );
}
