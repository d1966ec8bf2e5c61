import { type Clock, TuskerError } from "../kernel/index.ts";
import {
  authority,
  type ConnectionMeters,
  connectionMeters,
  refuseRebinding,
  type Server,
  type ServerHandler,
  serveHttp1,
} from "../net/index.ts";
import { type ExportProtocol, type Logger, metricsMediaType } from "../telemetry/index.ts";
import { receiveJaeger } from "./jaeger/receive.ts";
import { receiveOtlp } from "./otlp/receive.ts";
import { ownApi } from "./query/own-api.ts";
import { zipkinApi } from "./query/zipkin-api.ts";
import { type Endpoint, serveEndpoints } from "./routes.ts";
import { type SpanStore, type StoreLimits, spanStore } from "./store/store.ts";
import { receiveZipkin } from "./zipkin/receive.ts";

/** Receivers and the store behind them. */
export interface Collector extends AsyncDisposable {
  readonly store: SpanStore;
  /** Receivers that listen. */
  readonly listening: readonly ReceiverPort[];
  /** Receivers whose port was taken: a backend of that kind is there already. */
  readonly standDown: readonly ReceiverPort[];
  /** Base address of a receiver that listens, without a path; undefined when it stands down or was not asked for. */
  url(protocol: ExportProtocol): string | undefined;
  /** True when an address of this machine leads to one of our own receivers: exporting there would be a circle. */
  owns(address: string): boolean;
  /** What senders and readers did to its connections, in Prometheus text format; `GET /metrics` on the OTLP port. */
  metrics(): string;
}

export interface ReceiverPort {
  readonly protocol: ExportProtocol;
  readonly port: number;
}

export interface CollectorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** OTLP over HTTP, and all reading; default 4318; 0 lets the system choose. */
  readonly otlpPort?: number;
  /** Zipkin v2 JSON, usually 9411; not opened when absent. */
  readonly zipkinPort?: number | undefined;
  /** Jaeger Thrift over HTTP, usually 14268; not opened when absent. */
  readonly jaegerPort?: number | undefined;
  readonly limits?: StoreLimits & {
    /** Of one request, before and after decompression; default 64 MiB. */
    readonly maxBodyBytes?: number;
  };
  /** `max_trace_duration` of `[tracing]`; default 300,000. */
  readonly maxTraceDurationMs?: number;
  readonly clock: Clock;
  readonly log?: Logger;
}

/**
 * Opens the receivers. A port that is taken is no failure: that receiver stands down, and the result says so.
 *
 * @throws TuskerError NET_BIND when an address cannot be listened on for another reason
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { clock, log, limits = {}, host = "127.0.0.1" } = options;
  const store = spanStore({ ...limits, clock, maxTraceDurationMs: options.maxTraceDurationMs });
  const meters = connectionMeters("collector");
  const servers: { readonly protocol: ExportProtocol; readonly server: Server }[] = [];
  const standDown: ReceiverPort[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(({ server }) => server[Symbol.asyncDispose]()));
  };
  try {
    for (const { protocol, port, handler } of receivers(options, store, meters)) {
      const server = await serveUnlessTaken(handler, { host, port, log, meters });
      if (server !== undefined) servers.push({ protocol, server });
      else {
        standDown.push({ protocol, port });
        log?.info("collector port is taken; this receiver stands down", { protocol, port });
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    store,
    listening: servers.map(({ protocol, server }) => ({ protocol, port: server.port })),
    standDown,
    url(protocol) {
      const found = servers.find((each) => each.protocol === protocol)?.server;
      return found === undefined ? undefined : `http://${authority(found.host, found.port)}`;
    },
    owns: (address) => servers.some(({ server }) => leadsTo(address, server)),
    metrics: () => meters.render(),
    [Symbol.asyncDispose]: close,
  };
}

function receivers(
  options: CollectorOptions,
  store: SpanStore,
  meters: ConnectionMeters,
): readonly (ReceiverPort & { readonly handler: ServerHandler })[] {
  const maxBytes = options.limits?.maxBodyBytes ?? 64 * 1024 * 1024;
  const otlp: Endpoint = {
    method: "POST",
    path: "/v1/traces",
    answer: ({ exchange }) => receiveOtlp(exchange, store, maxBytes),
  };
  const zipkin: Endpoint = {
    method: "POST",
    path: "/api/v2/spans",
    answer: ({ exchange }) => receiveZipkin(exchange, store, maxBytes),
  };
  const jaeger: Endpoint = {
    method: "POST",
    path: "/api/traces",
    answer: ({ exchange }) => receiveJaeger(exchange, store, maxBytes),
  };
  const metrics: Endpoint = {
    method: "GET",
    path: "/metrics",
    answer: () => ({ status: 200, headers: ["content-type", metricsMediaType], body: meters.render() }),
  };
  const reading = zipkinApi(store, options.clock);
  const all: (ReceiverPort & { readonly handler: ServerHandler })[] = [];
  const add = (protocol: ExportProtocol, port: number | undefined, endpoints: readonly Endpoint[]): void => {
    if (port !== undefined) all.push({ protocol, port, handler: serveEndpoints(endpoints) });
  };
  add("otlp", options.otlpPort ?? 4318, [otlp, metrics, ...reading, ...ownApi(store)]);
  add("zipkin", options.zipkinPort, [zipkin, ...reading]);
  add("jaeger", options.jaegerPort, [jaeger]);
  return all;
}

interface ReceiverDoor {
  readonly host: string;
  readonly port: number;
  readonly log: Logger | undefined;
  readonly meters: ConnectionMeters;
}

async function serveUnlessTaken(
  handler: ServerHandler,
  { host, port, log, meters }: ReceiverDoor,
): Promise<Server | undefined> {
  const onError = (error: unknown): void => log?.error("collector could not answer a request", { error });
  try {
    const guarded = refuseRebinding("this collector", host, handler);
    return await serveHttp1(guarded, { host, port, onError, ...meters.hooks });
  } catch (error) {
    if (error instanceof TuskerError && error.code === "NET_PORT_TAKEN") return undefined;
    throw error;
  }
}

const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "[::]"]);

function leadsTo(address: string, server: Server): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname, port, protocol } = new URL(address);
  const number = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  return number === server.port && (loopback.has(hostname) || hostname === hostText(server.host));
}

function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
