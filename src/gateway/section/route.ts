import { z } from "zod";
import { count, durationMs, ratio, sizeBytes } from "../../kernel/section.ts";
import { priorities } from "../../resilience/index.ts";
import { retryReasons } from "../policy/retry-on.ts";
import { splitShape } from "./split.ts";
import {
  addPrefix,
  freeField,
  headerName,
  headerValue,
  host,
  keySource,
  listOf,
  method,
  serviceTarget,
  stripPrefix,
  valueMatch,
} from "./words.ts";

const fields = z.record(freeField, headerValue);
const conditions = z.record(z.string().min(1), valueMatch);

/** What is done to the fields of a head. Removed first, then set, then added. */
const transform = z.strictObject({
  remove: z.array(freeField).default([]).describe("Fields taken away."),
  set: fields.default({}).describe("Fields written in place of those that came."),
  add: fields.default({}).describe("Fields written beside those that came."),
});

const answer = z.strictObject({
  status: count({ min: 200, max: 599 }).default(200).describe("Status of the answer."),
  type: headerValue.default("text/plain; charset=utf-8").describe("Its Content-Type."),
  body: z.string("must be text").default("").describe("Its body."),
  headers: fields.default({}).describe("More fields."),
});

const redirect = z.strictObject({
  to: z
    .string("must be an address")
    .regex(/^(?:https?:\/\/|\/)[^\s]*$/, 'must begin with "/", "http://" or "https://"')
    // A head is ASCII; the braces of parameters are.
    .transform((text) => text.toWellFormed().replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent))
    .describe(
      "Where to: `{host}`, `{path}`, `{query}` (with its `?`, where none stands before it) and the parameters of the path are filled in.",
    ),
  status: z
    .literal([301, 302, 303, 307, 308], "must be 301, 302, 303, 307 or 308")
    .default(308)
    .describe("308 and 307 keep the method; 301 and 308 are remembered by clients."),
});

const mirror = z.strictObject({
  service: serviceTarget.describe("Gets a copy of each request; its answers are thrown away."),
  share: ratio().default(1).describe("Share of the requests that are copied."),
});

const cors = z.strictObject({
  origins: z
    .array(
      z
        .string()
        .regex(/^(?:\*|https?:\/\/[^/\s]+)$/, 'must be "*" or an origin such as "https://shop.example"'),
    )
    .min(1, "must hold at least one origin")
    .describe('Origins that may read answers; "*" for all.'),
  methods: z.array(method).optional().describe("Default: those of the route."),
  headers: z.array(headerName).optional().describe("Fields a page may send; default: what it asks for."),
  expose: z.array(headerName).default([]).describe("Fields of the answer a page may read."),
  credentials: z.boolean().default(false).describe("Cookies and authorization are allowed."),
  max_age: durationMs().prefault("10m").describe("How long a page may remember this."),
});

const fault = z.strictObject({
  delay: durationMs().optional().describe("Wait before the request goes on."),
  delay_share: ratio().default(1).describe("Share of the requests that wait."),
  abort: count({ min: 400, max: 599 })
    .optional()
    .describe("Status of the answer given in place of the service's."),
  abort_share: ratio().default(1).describe("Share of the requests that are aborted."),
});

const rateLimit = z.strictObject({
  requests: count({ min: 1 }).describe("Requests per key and window."),
  window: durationMs({ minMs: 1 }).describe("The time in which they are allowed."),
  key: keySource
    .default("client")
    .describe(
      'Who is counted: "client" (address), "consumer", "header:<name>", "cookie:<name>", "query:<name>".',
    ),
});

const sticky = z.strictObject({
  cookie: z
    .string("must be the name of a cookie")
    .regex(/^[A-Za-z0-9_.-]+$/, "must be the name of a cookie")
    .default("tusker_node")
    .describe("Cookie that names the instance a client was at."),
  ttl: durationMs().prefault("1h").describe("How long it is kept."),
});

/** What is done for a service, which a route that answers by itself does not have. */
const forServices = [
  "try_timeout",
  "retries",
  "retry_on",
  "hedge",
  "strip_prefix",
  "add_prefix",
  "request_headers",
  "response_headers",
  "compress",
  "mirror",
  "sticky",
  "fallback",
  "fallback_service",
] as const;

/** One route, as written. What contradicts itself is refused by `routeContradictions`. */
export const routeShape = z.strictObject({
  service: serviceTarget
    .optional()
    .describe("Name of a service of the fleet, or `@service` for those of its instances that bear a tag."),
  services: splitShape
    .optional()
    .describe(
      "In place of `service`: several, by weight; requests are split among them. A list of `{ service, weight }` where one is `@service`.",
    ),
  redirect: redirect.optional().describe("In place of a service: sends the client elsewhere."),
  answer: answer.optional().describe("In place of a service: a fixed answer."),
  host: listOf(host)
    .optional()
    .describe("Host or hosts asked for; `*.` stands for one label or more. Absent means all."),
  method: listOf(method).optional().describe("One method or several; absent means all."),
  headers: conditions
    .optional()
    .describe('Fields the request must have: a text, "*" for any, "~" and an expression.'),
  query: conditions.optional().describe("Parameters the query must have, as `headers`."),
  timeout: durationMs({ minMs: 1 })
    .optional()
    .describe("From the request to the head of its answer, in place of the gateway's."),
  try_timeout: durationMs({ minMs: 1 })
    .optional()
    .describe("Longest time of one try; default: an equal share of `timeout`, at least 250 ms."),
  retries: count({ max: 10 })
    .optional()
    .describe("Tries after the first. Only what is safe to repeat is repeated."),
  retry_on: z
    .array(z.enum(retryReasons))
    .optional()
    .describe('Failures that are tried again; default: all but "429" and "500".'),
  retry_unsafe: z
    .boolean()
    .default(false)
    .describe("Repeat POST and PATCH too, although the service may act twice."),
  hedge: z
    .boolean()
    .optional()
    .describe(
      "Send a second copy of what takes longer than 95 % of the others; for requests safe to repeat.",
    ),
  strip_prefix: stripPrefix.optional().describe('In place of the gateway\'s; "" takes nothing off.'),
  add_prefix: addPrefix.optional().describe("Put in front of the path after `strip_prefix` was taken off."),
  request_headers: transform.optional().describe("What is done to the fields of the request."),
  response_headers: transform.optional().describe("What is done to the fields of the answer."),
  max_body: sizeBytes().optional().describe("In place of the gateway's."),
  rate_limit: rateLimit.optional().describe("Replaces the gateway's limit on this route."),
  auth: z
    .array(z.enum(["key", "jwt"]))
    .min(1, "must name at least one way; without the key everybody may pass")
    .optional()
    .describe('Who may pass: "key" (an API key), "jwt" (a token), both for either.'),
  scopes: z.array(z.string().min(1)).optional().describe("Scopes a token must have, all of them."),
  consumers: z
    .array(z.string().min(1))
    .optional()
    .describe("Consumers who may pass; absent means all that are known."),
  cors: cors.optional().describe("Which pages of other origins may read the answers."),
  compress: z.boolean().optional().describe("In place of the gateway's."),
  mirror: mirror.optional().describe("A copy of each request for another service."),
  hash: keySource.optional().describe("What `ring_hash`, `maglev` and `services` keep together."),
  sticky: sticky
    .optional()
    .describe(
      "Clients come back to the instance they were at, by a cookie; with `services` to that of its service, unless `hash` decides.",
    ),
  priority: z
    .enum(priorities)
    .default("normal")
    .describe("Who goes first when a service has more requests than it can bear."),
  fallback: answer.optional().describe("Answered in place of a 502, 503 or 504 of the gateway's own."),
  fallback_service: serviceTarget
    .optional()
    .describe(
      "Asked once when no instance of the service can answer; not for what may have been acted on and must not be twice.",
    ),
  fault: fault.optional().describe("Failures made on purpose, always announced in `X-Tusker-Fault`."),
});

/** What contradicts itself in a route that is fine key by key: where, and a sentence. */
export function routeContradictions(
  route: z.output<typeof routeShape>,
  gatewayTimeoutMs?: number,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const found: { path: string[]; message: string }[] = [];
  const say = (message: string, ...path: string[]): void => void found.push({ path, message });
  const ends = (["service", "services", "redirect", "answer"] as const).filter(
    (key) => route[key] !== undefined,
  );
  if (ends.length === 0)
    say('must name a service, unless the route has "services", "redirect" or "answer"', "service");
  if (ends.length > 1) say(`must not stand beside ${ends[0]}: a route leads to one place`, ends[1] ?? "");
  const own = route.redirect !== undefined ? "redirect" : route.answer !== undefined ? "answer" : undefined;
  for (const key of forServices)
    if (own !== undefined && route[key] !== undefined)
      say(`must not stand beside ${own}: no service is asked, it would never come to act`, key);
  if (route.services !== undefined && Object.values(route.services).every((weight) => weight === 0))
    say("must have a weight above 0: they sum to zero, nothing would get a request", "services");
  const timeout = route.timeout ?? gatewayTimeoutMs;
  if (route.try_timeout !== undefined && timeout !== undefined && route.try_timeout > timeout)
    say(
      "must not be longer than the timeout of the whole request: it would never come to act",
      "try_timeout",
    );
  if (route.cors?.credentials === true && route.cors.origins.includes("*"))
    say('must name the origins where credentials are allowed, not "*"', "cors", "origins");
  if (route.scopes !== undefined && route.auth?.includes("jwt") !== true)
    say('must stand beside "jwt" in auth: API keys have no scopes', "scopes");
  if (route.consumers !== undefined && route.auth === undefined)
    say("must stand beside auth: without it nobody is known", "consumers");
  if (route.rate_limit?.key === "consumer" && route.auth === undefined)
    say('must not be "consumer" on a route without auth: nobody is known', "rate_limit", "key");
  if (route.hash === "consumer" && route.auth === undefined)
    say('must not be "consumer" on a route without auth: nobody is known', "hash");
  if (route.fault !== undefined && route.fault.delay === undefined && route.fault.abort === undefined)
    say("must have a delay or an abort: it does nothing", "fault");
  if (route.fallback !== undefined && route.fallback_service !== undefined)
    say("must not stand beside fallback: one is enough", "fallback_service");
  if (route.fallback_service !== undefined && route.fallback_service === route.service)
    say("must be another one: the service of the route was asked already", "fallback_service");
  const twice = writtenTwice(Object.keys(route.headers ?? {}));
  if (twice !== undefined)
    say("must not stand there twice: names of fields are equal in any case", "headers", twice);
  return found;
}

/** The first of several names that is one before it, in other letters. */
function writtenTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name.toLowerCase()).size);
}
