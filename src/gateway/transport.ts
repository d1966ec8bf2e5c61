import type { Clock } from "../kernel/index.ts";
import {
  createHttp1Client,
  type Http1EngineOptions,
  handOver,
  http1Pool,
  type Pool,
  poolOf,
  type Server,
  type ServerHandler,
  serveHttp1,
  startHttp1Server,
} from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { Door } from "./door.ts";
import { earlyAnswer } from "./early.ts";
import { takeDirect } from "./engine/direct.ts";
import type { EngineConnections } from "./engine/direct-try.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { Lines } from "./forward/lines.ts";
import { pooledForwarder } from "./forward/pooled.ts";
import type { Meters } from "./meters.ts";
import type { GatewaySettings } from "./section.ts";

/** What is below the gateway: how connections are made and taken. Chosen once, by `[gateway] transport`. */
export interface Transport {
  readonly forwarder: Forwarder;
  /** Opens the port. @throws TuskerError NET_PORT_TAKEN, NET_BIND */
  listen(door: Door, travel: (exchange: Parameters<ServerHandler>[0]) => Promise<void>): Promise<Server>;
}

export interface TransportOptions {
  readonly settings: GatewaySettings;
  /** How many threads share the port. */
  readonly threads: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meters: Meters;
  /** Makes the connections of `compat` to one origin. */
  readonly pools?: ((origin: string) => Pool) | undefined;
}

export function transportOf(options: TransportOptions): Transport {
  return options.settings.transport === "engine" ? engine(options) : compat(options);
}

/** The engine of `net`: plain requests go the short way, all others on the journey. */
function engine(options: TransportOptions): Transport {
  const { clock, log } = options;
  const times = timesOf(options.settings);
  const lines = new Lines<EngineConnections>({
    open: (origin) => {
      const client = createHttp1Client(origin, { connections: upstreamConnections, clock, ...times });
      return { client, pool: poolOf(client) };
    },
    onError: notClosed(log),
  });
  const onError = failedInside(log);
  return {
    forwarder: pooledForwarder("engine", lines),
    listen: (door, travel) =>
      startHttp1Server(
        (exchange) => {
          if (!takeDirect(door, lines, exchange)) handOver(travel, exchange, onError);
        },
        listenOptions(options, door),
      ),
  };
}

/** `node:http` and undici, to settle a doubt about the engine. */
function compat(options: TransportOptions): Transport {
  const {
    log,
    pools = (origin) => http1Pool(origin, { transport: "compat", ...timesOf(options.settings) }),
  } = options;
  const lines = new Lines<{ pool: Pool }>({
    open: (origin) => ({ pool: pools(origin) }),
    onError: notClosed(log),
  });
  return {
    forwarder: pooledForwarder("compat", lines),
    listen: (door, travel) => serveHttp1(travel, { ...listenOptions(options, door), transport: "compat" }),
  };
}

function timesOf({ connect_timeout, stream_idle_timeout }: GatewaySettings) {
  return { connectTimeoutMs: connect_timeout, bodyTimeoutMs: stream_idle_timeout };
}

/** As many as requests may be under way at one endpoint; the policies say how many that is. */
const upstreamConnections = 1024;

function listenOptions({ settings, threads, clock, log, meters }: TransportOptions, door: Door) {
  return {
    host: settings.bind,
    port: settings.port,
    reusePort: threads > 1,
    maxConnections: Math.ceil(settings.max_connections / threads),
    maxHeadBytes: settings.max_head,
    maxHeaders: settings.max_headers,
    clock,
    onRefused: () => meters.refusedConnection(),
    ...meters.connections.hooks,
    onEarlyAnswer: (answer) => earlyAnswer(door, answer),
    onError: failedInside(log),
  } satisfies Http1EngineOptions;
}

function failedInside(log: Logger): (error: unknown) => void {
  return (error) => log.error("a request failed inside the gateway", { error: String(error) });
}

function notClosed(log: Logger): (error: unknown) => void {
  return (error) => log.warn("connections to an instance could not be closed", { error: String(error) });
}
