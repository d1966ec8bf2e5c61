import { z } from "zod";
import {
  addressResolver,
  type Discovery,
  registryDiscovery,
  serviceResolver,
  staticDiscovery,
} from "../discovery/index.ts";
import { serviceDiscoverySection } from "../discovery/section.ts";
import {
  type AdminView,
  changedForRestart,
  gatewaySection,
  routesSection,
  type SharedState,
  startGateway,
} from "../gateway/index.ts";
import { type Clock, type Random, Secret } from "../kernel/index.ts";
import { port } from "../kernel/section.ts";
import { type HttpClient, httpClient } from "../net/index.ts";
import type { BreakerSettings } from "../resilience/index.ts";
import { apiCommunicationSection } from "../rpc/section.ts";
import { createMetrics, type Logger, observeSpans, startTracing } from "../telemetry/index.ts";
import { tracingSection } from "../telemetry/section.ts";
import { sendOver } from "./send-over.ts";

/** What a gateway process is told; the supervisor writes it, `tusker gateway` makes it from a fleet file. */
const gatewayFileSchema = z.object({
  fleet: z.string(),
  gateway: gatewaySection,
  routes: routesSection,
  api_communication: apiCommunicationSection,
  tracing: tracingSection,
  registry: z
    .object({
      url: z.string(),
      token: z
        .string()
        .transform((token) => new Secret(token))
        .optional(),
      updateInterval: serviceDiscoverySection.shape.update_interval,
    })
    .nullable(),
  otlp: z.string().nullable(),
  /** Where it keeps the endpoints it knew, for a start while the registry is away. */
  cacheDir: z.string().optional(),
  endpoints: z.array(
    z.object({
      service: z.string(),
      id: z.string(),
      host: z.string(),
      port: port(),
      tags: z.array(z.string()).default([]),
    }),
  ),
});

type GatewayFile = z.output<typeof gatewayFileSchema>;

/** How long requests may go on that nobody has begun to answer, and how long answers and tunnels. */
export interface Grace {
  readonly requestsMs: number;
  readonly streamsMs: number;
}

/** A gateway that runs, in this thread or in several. */
export interface RunningGateway extends AdminView, AsyncDisposable {
  readonly port: number;
  /** How long a stop may take, as the file says. */
  readonly grace: Grace;
  /**
   * Takes over another file between two requests: routes and `[gateway]`. Gives back what only a restart can change.
   *
   * @throws an error of the schema when the file is not right; then nothing changes
   */
  adopt(file: unknown): readonly string[];
  /** Takes no new connection and lets running requests end; what is left after its grace is cut off. */
  drain(grace: Grace): Promise<void>;
}

/** A gateway that runs in this process, with the operator's door where the file wants one. */
export interface GatewayProcess extends RunningGateway {
  /** Of the admin door; undefined where there is none. */
  readonly adminPort: number | undefined;
}

export interface GatewayProcessPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Takes the access log where it goes to no file: JSON lines, whatever `log` writes. */
  readonly access: Logger;
  /** Lines that `access` could not write, since the start. */
  readonly accessDropped?: () => number;
}

/** What threads need to know of a file before they are started with it. */
export function gatewayPlan(file: unknown): {
  readonly threads: number;
  readonly grace: Grace;
  readonly adminPort: number | undefined;
  readonly fileFor: (port: number | undefined) => unknown;
  readonly check: (next: unknown) => readonly string[];
} {
  const { gateway } = gatewayFileSchema.parse(file);
  return {
    threads: gateway.workers,
    grace: graceOf(gateway),
    adminPort: gateway.admin_port,
    fileFor: (port) =>
      port === undefined ? file : { ...Object(file), gateway: { ...Object(file).gateway, port } },
    check: (next) => changedForRestart(gateway, gatewayFileSchema.parse(next).gateway),
  };
}

/**
 * Wires discovery, tracing and the gateway. Disposing it cuts off what still runs.
 *
 * @param shared what it shares with gateways in other threads of this process
 */
export async function runGateway(
  file: unknown,
  ports: GatewayProcessPorts,
  shared?: SharedState,
): Promise<RunningGateway> {
  const { clock, random, log, access, accessDropped } = ports;
  const {
    fleet,
    gateway,
    routes,
    api_communication,
    tracing: traced,
    registry,
    otlp,
    endpoints,
    cacheDir,
  } = gatewayFileSchema.parse(file);
  await using stack = new AsyncDisposableStack();
  const http = stack.use(httpClient());
  const tracing = stack.use(
    startTracing({
      service: "gateway",
      instance: "gateway",
      attributes: { "service.namespace": fleet },
      settings: traced,
      endpoints: otlp === null ? [] : [otlp],
      send: sendOver(http, (written, signal) => address(written, signal)),
      clock,
      random,
      log,
    }),
  );
  const discovery = stack.use(
    registry === null ? fixed(endpoints) : followed({ ...registry, cacheDir }, http, ports),
  );
  const address = addressResolver(serviceResolver(discovery));
  const metrics = createMetrics();
  observeSpans(metrics, tracing.batcher);
  const running = stack.use(
    await startGateway(
      { gateway, routes, breaker: breakerOf(api_communication) },
      {
        ...{ discovery, tracer: tracing.tracer, metrics, log, access, clock, random, shared },
        ...(accessDropped === undefined ? {} : { accessDropped }),
      },
    ),
  );
  const owned = stack.move();
  return {
    port: running.server.port,
    grace: graceOf(gateway),
    adopt(next) {
      const parsed = gatewayFileSchema.parse(next);
      return running.adopt({
        gateway: parsed.gateway,
        routes: parsed.routes,
        breaker: breakerOf(parsed.api_communication),
      });
    },
    reachable: () => running.reachable(),
    routes: () => running.routes(),
    services: () => running.stats().services,
    metrics: () => metrics.render(),
    drain: ({ requestsMs, streamsMs }) => running.drain(requestsMs, streamsMs),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function followed(
  registry: NonNullable<GatewayFile["registry"]> & Pick<GatewayFile, "cacheDir">,
  http: HttpClient,
  { clock, random, log }: GatewayProcessPorts,
): Discovery {
  return registryDiscovery({
    url: registry.url,
    http,
    token: registry.token,
    clock,
    random,
    log,
    updateIntervalMs: registry.updateInterval,
    cacheDir: registry.cacheDir,
  });
}

/** Discovery is off: the addresses of the file are the endpoints. */
function fixed(endpoints: GatewayFile["endpoints"]): Discovery {
  return staticDiscovery(endpoints.map((one) => ({ ...one, meta: {}, weight: 1 })));
}

/** Streams have no less time than requests. */
function graceOf({ drain, stream_drain }: GatewayFile["gateway"]): Grace {
  return { requestsMs: drain, streamsMs: Math.max(drain, stream_drain) };
}

function breakerOf(api: GatewayFile["api_communication"]): BreakerSettings | "off" {
  if (!api.circuit_breaker_enabled) return "off";
  return { failures: api.circuit_breaker_threshold, maxPauseMs: api.circuit_breaker_timeout };
}
