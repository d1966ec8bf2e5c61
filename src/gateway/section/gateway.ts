import { z } from "zod";
import { tryServiceUrl } from "../../kernel/index.ts";
import { count, durationMs, fromReference, httpUrl, port, ratio, sizeBytes } from "../../kernel/section.ts";
import { balancerNames } from "../../resilience/index.ts";
import { isCidr } from "../head/cidr.ts";
import { encodedPath } from "../match/pattern.ts";
import { headerName, serviceName, stripPrefix } from "./words.ts";

const network = z.string().refine(isCidr, 'must be an address or a network such as "10.0.0.0/8"');

const healthCheck = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^\s#\\]*$/, "must be a path, and begin with /")
    .transform(encodedPath)
    .prefault("/health")
    .describe("Path that answers 2xx when all is well."),
  interval: durationMs({ minMs: 100 })
    .prefault("10s")
    .describe("Time between two checks of an instance, ±10 %."),
  timeout: durationMs({ minMs: 1 }).prefault("2s").describe("Longest wait for an answer."),
  down_after: count({ min: 1 }).default(2).describe("Failed checks in a row that take an instance out."),
  up_after: count({ min: 1 }).default(2).describe("Passed checks in a row that bring it back."),
});

function isAddress(text: string): boolean {
  const service = tryServiceUrl(text);
  if (service !== undefined) return service.target.port !== "grpc" && service.path === "";
  const port = /^(?:\[[0-9A-Fa-f:]+\]|[^\s:/]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** How one service is asked, whichever route leads to it. */
const upstream = z.strictObject({
  balance: z.enum(balancerNames).optional().describe("In place of the gateway's."),
  endpoints: z
    .array(
      fromReference(z.string().refine(isAddress, 'must be "host:port", with a port 1–65535, or @service')),
    )
    .min(1, "must hold at least one")
    .optional()
    .describe(
      'Fixed addresses, "host:port", and `@service` for the instances of one; without the latter no registry is asked for this service.',
    ),
  slow_start: durationMs()
    .optional()
    .describe("How long a new instance takes to get its full share; default none."),
  health_check: healthCheck
    .optional()
    .describe("Active checks by the gateway; default none: the registry checks."),
  max_in_flight: count({ min: 1 }).default(1024).describe("Requests at once."),
  max_queued: count().default(1024).describe("Requests that wait for a place; 0 refuses at once."),
  queue_timeout: durationMs().prefault("1s").describe("Longest wait for a place."),
  adaptive: z
    .boolean()
    .default(false)
    .describe("Find the number of requests at once from how long answers take; at most `max_in_flight`."),
});

/** How a service is asked of which nothing is written. */
export const upstreamDefaults: Readonly<z.output<typeof upstream>> = Object.freeze(upstream.parse({}));

const jwt = z.strictObject({
  issuer: z.string().min(1).describe("Who must have issued the token (`iss`)."),
  audience: z.string().min(1).describe("Whom it must be for (`aud`)."),
  jwks_url: httpUrl().describe(
    "Where the issuer publishes its keys; of `@service` without a path `/.well-known/jwks.json`.",
  ),
  algorithms: z
    .array(z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]))
    .min(1)
    .default(["RS256", "ES256", "EdDSA"])
    .describe("Signatures that are accepted; none that is made with a shared secret."),
  consumer_claim: z.string().min(1).default("sub").describe("Claim that names the consumer."),
  leeway: durationMs().prefault("30s").describe("How far clocks may differ."),
});

/** `[gateway]`: the front door of the fleet. */
export const gatewaySection = z.strictObject({
  port: port().default(8080).describe("Port to listen on. 0 lets the system choose."),
  bind: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
  admin_port: port()
    .optional()
    .describe(
      "Port for `/-/ready`, `/-/routes`, `/-/endpoints` and `/-/metrics`, on 127.0.0.1; default none.",
    ),
  timeout: durationMs({ minMs: 1 })
    .prefault("30s")
    .describe("From the request to the head of its answer, all tries and waits included."),
  connect_timeout: durationMs({ minMs: 1 })
    .prefault("3s")
    .describe("Longest wait for a connection to an instance; then another one is tried."),
  strip_prefix: stripPrefix
    .optional()
    .describe("Taken off the path before a request is forwarded; a route may override."),
  encoded_slash: z
    .enum(["reject", "keep", "decode"])
    .default("reject")
    .describe(
      "What `%2F` in a path is: refused with 400, a letter of its segment that goes on as it came, or a slash.",
    ),
  repeated_slashes: z
    .enum(["keep", "merge", "reject"])
    .default("keep")
    .describe("What `//` in a path is: an empty segment, one slash, or refused with 400."),
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
    .array(network)
    .default([])
    .describe("Addresses and networks whose X-Forwarded-* is believed, or Forwarded where they write that."),
  balance: z.enum(balancerNames).default("p2c_ewma").describe("How an endpoint is chosen."),
  zone: z
    .string()
    .min(1)
    .optional()
    .describe("Our own zone; instances whose meta `zone` is the same are preferred."),
  upstreams: z
    .record(serviceName, upstream)
    .default({})
    .describe("How single services are asked, by name; one that is not named is asked by the defaults."),
  api_keys: z
    .record(
      z.string().min(1),
      z
        .array(z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits'))
        .min(1),
    )
    .default({})
    .describe("Consumers with the SHA-256 of each of their keys; the keys themselves stand nowhere."),
  api_key_header: headerName.default("X-API-Key").describe("Field in which a client sends its key."),
  jwt: jwt.optional().describe("Tokens that are accepted on routes with auth."),
  compress: z
    .boolean()
    .default(false)
    .describe("Compress answers for clients that take them so; a route may override."),
  access_log: ratio()
    .default(0)
    .describe("Share of requests that are logged, as JSON lines; failures always are when above 0."),
  access_log_to: z
    .string()
    .min(1, 'must be "stdout" or the path of a file')
    .default("stdout")
    .describe('Where these lines go: "stdout", or a file that is appended to, seen from the fleet file.'),
  stream_idle_timeout: durationMs({ minMs: 1 })
    .prefault("5m")
    .describe("Longest silence in a tunnel (WebSocket), and in an answer whose reader waits."),
  drain: durationMs()
    .prefault("30s")
    .describe("How long requests may wait for their answer to begin when the gateway is stopped."),
  stream_drain: durationMs()
    .prefault("1h")
    .describe("How long tunnels, and answers that have begun, may go on when the gateway is stopped."),
  max_body: sizeBytes().prefault("10MiB").describe("Largest request body; a route may override."),
  max_head: sizeBytes().prefault("32KiB").describe("Largest request head: request line and fields."),
  max_headers: count({ min: 1 }).default(100).describe("Fields of a request head."),
  workers: count({ min: 1, max: 64 })
    .default(1)
    .describe(
      "Threads that share the port, all limits and all breakers, on Linux; each takes an equal share of max_connections.",
    ),
  transport: z
    .enum(["engine", "compat"])
    .default("engine")
    .describe(
      "What is below: Tusker's own HTTP/1.1 engine, or node:http and undici to settle a doubt about it. Tunnels need the engine.",
    ),
});
