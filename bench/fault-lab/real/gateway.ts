/**
 * Child process: a gateway made of what the parent sends, in as many threads as that says, which adopts other routes when it
 * is told to.
 */
import { staticDiscovery } from "../../../src/discovery/index.ts";
import { runGateway } from "../../../src/fleet/index.ts";
import { gatewaySection, routesSection, startGateway } from "../../../src/gateway/index.ts";
import { systemClock, systemRandom } from "../../../src/kernel/index.ts";
import { createLogger, createMetrics, createTracer, ratioSampler } from "../../../src/telemetry/index.ts";

interface Told {
  readonly gateway: object;
  readonly routes: object;
  readonly breaker: boolean;
  readonly sampling?: number;
  readonly workers: number;
}

const clock = systemClock;
const log = createLogger({ service: "gateway", write: () => {}, clock });
let gateway: Front | undefined;

/** What the lab needs of a gateway, in one thread or in several. */
interface Front {
  readonly port: number;
  adopt(told: Told): void;
}

process.on("message", (message: Told) => {
  void take(message);
});
process.on("disconnect", () => process.exit(0));

async function take(told: Told): Promise<void> {
  if (gateway !== undefined) {
    gateway.adopt(told);
    globalThis.gc?.();
    process.send?.({ adopted: true, heapBytes: process.memoryUsage().heapUsed });
    return;
  }
  gateway = await (told.workers === 1 ? inOne(told) : inThreads(told));
  process.send?.({ port: gateway.port });
}

async function inOne(first: Told): Promise<Front> {
  const configOf = ({ gateway, routes, breaker }: Told) => ({
    gateway: gatewaySection.parse({ port: 0, ...gateway }),
    routes: routesSection.parse(routes),
    ...(breaker ? {} : { breaker: "off" as const }),
  });
  const { server, adopt } = await startGateway(configOf(first), {
    discovery: staticDiscovery(),
    tracer: createTracer({
      service: "gateway",
      sampler: ratioSampler(first.sampling ?? 0),
      sink: { accept: () => {} },
      clock,
    }),
    metrics: createMetrics(),
    log,
    clock,
    random: systemRandom,
  });
  return { port: server.port, adopt: (told) => void adopt(configOf(told)) };
}

async function inThreads(first: Told): Promise<Front> {
  const fileOf = ({ gateway, routes, breaker, workers }: Told): unknown => ({
    fleet: "lab",
    gateway: { port: 0, workers, ...gateway },
    routes,
    api_communication: { circuit_breaker_enabled: breaker },
    tracing: { enabled: false },
    registry: null,
    otlp: null,
    endpoints: [],
  });
  const { port, adopt } = await runGateway(fileOf(first), { clock, random: systemRandom, log, access: log });
  return { port, adopt: (told) => void adopt(fileOf(told)) };
}
