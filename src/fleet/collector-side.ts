import { type Collector, startCollector } from "../collector/index.ts";
import { addressResolver } from "../discovery/index.ts";
import type { Clock, Random, ServiceResolver } from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import {
  batchSpans,
  deliveryMessage,
  type ExportProtocol,
  exporterFor,
  exportProtocols,
  type Logger,
} from "../telemetry/index.ts";
import type { FleetSettings } from "./file/settings.ts";
import { sendOver } from "./send-over.ts";

/** Where spans of this fleet go, and what keeps them for looking at. */
export interface CollectorSide extends AsyncDisposable {
  /** Base address services send OTLP to; undefined when tracing is off. */
  readonly otlp: string | undefined;
  readonly collector: Collector | undefined;
  /** What the operator should know: a port taken by a real backend, an endpoint that gets spans besides. */
  readonly notices: readonly string[];
}

export interface CollectorSideOptions {
  readonly anyPort: boolean;
  readonly http: HttpClient;
  readonly resolver: ServiceResolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Starts the collector and passes what it receives on to the endpoints of `[tracing]` that are not its own. */
export async function openCollector(
  settings: FleetSettings,
  options: CollectorSideOptions,
): Promise<CollectorSide> {
  const { tracing } = settings.sections;
  if (!tracing.enabled || !settings.collector.enabled) {
    const otlp = tracing.enabled ? tracing.otlp_endpoint : undefined;
    return { otlp, collector: undefined, notices: [], async [Symbol.asyncDispose]() {} };
  }
  const port = (written: number): number => (options.anyPort ? 0 : written);
  const collector = await startCollector({
    host: "127.0.0.1",
    otlpPort: port(settings.collector.otlp_port),
    zipkinPort: port(settings.collector.zipkin_port),
    jaegerPort: port(settings.collector.jaeger_port),
    maxTraceDurationMs: tracing.max_trace_duration,
    clock: options.clock,
    log: options.log,
  });
  // The seed's endpoints on localhost are our own receivers, unless a real backend holds the port.
  const elsewhere = externalEndpoints(settings).filter(
    ({ address }) => !collector.owns(address) && !(options.anyPort && isHome(address, settings)),
  );
  const forward = batchSpans({
    exporters: elsewhere.map(({ address, protocol }) => exporterFor(address, protocol)),
    send: sendOver(options.http, addressResolver(options.resolver)),
    clock: options.clock,
    random: options.random,
    onEvent: (event) => options.log[event.kind === "reachable" ? "info" : "warn"](deliveryMessage(event)),
  });
  const listening = collector.store.subscribe((spans) => {
    for (const span of spans) forward.accept(span);
  });
  return {
    otlp: collector.url("otlp") ?? `http://127.0.0.1:${settings.collector.otlp_port}`,
    collector,
    notices: [
      ...collector.standDown.map(
        (one) => `port ${one.port} is taken, so spans sent there (${one.protocol}) go to who listens there`,
      ),
      ...elsewhere.map(({ address }) => `spans are passed on to ${address}`),
    ],
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      await forward.shutdown();
      await collector[Symbol.asyncDispose]();
    },
  };
}

/** The addresses of `[tracing]` spans go to besides, when the file allows it. */
function externalEndpoints(settings: FleetSettings): readonly ExportTo[] {
  const { tracing } = settings.sections;
  if (!tracing.export_traces) return [];
  return exportProtocols.flatMap((protocol): ExportTo[] => {
    const address = tracing[`${protocol}_endpoint`];
    if (address === undefined) return [];
    // The port of an address says what listens there; a service has any.
    return [address.startsWith("service://") ? { address, protocol } : { address }];
  });
}

interface ExportTo {
  readonly address: string;
  readonly protocol?: ExportProtocol;
}

/** Would lead to our own receivers, had they not been put on other ports: somebody else's fleet may be there. */
function isHome(address: string, { collector }: FleetSettings): boolean {
  const { hostname, port } = new URL(address);
  const written = [collector.otlp_port, collector.zipkin_port, collector.jaeger_port];
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname) && written.includes(Number(port));
}
