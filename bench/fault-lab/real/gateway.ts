/** Child process: a gateway made of what the parent sends, which adopts other routes when it is told to. */
import { staticDiscovery } from "../../../src/discovery/index.ts";
import { gatewaySection, routesSection, startGateway } from "../../../src/gateway/index.ts";
import { systemClock, systemRandom } from "../../../src/kernel/index.ts";
import { createLogger, createMetrics, createTracer, ratioSampler } from "../../../src/telemetry/index.ts";

interface Told {
  readonly gateway: object;
  readonly routes: object;
  readonly breaker: boolean;
  readonly sampling?: number;
}

const clock = systemClock;
let gateway: Awaited<ReturnType<typeof startGateway>> | undefined;

process.on("message", (message: Told) => {
  void take(message);
});
process.on("disconnect", () => process.exit(0));

async function take(told: Told): Promise<void> {
  const config = {
    gateway: gatewaySection.parse({ port: 0, ...told.gateway }),
    routes: routesSection.parse(told.routes),
    ...(told.breaker ? {} : { breaker: "off" as const }),
  };
  if (gateway !== undefined) {
    gateway.adopt(config);
    globalThis.gc?.();
    process.send?.({ adopted: true, heapBytes: process.memoryUsage().heapUsed });
    return;
  }
  gateway = await startGateway(config, {
    discovery: staticDiscovery(),
    tracer: createTracer({
      service: "gateway",
      sampler: ratioSampler(told.sampling ?? 0),
      sink: { accept: () => {} },
      clock,
    }),
    metrics: createMetrics(),
    log: createLogger({ service: "gateway", write: () => {}, clock }),
    clock,
    random: systemRandom,
  });
  process.send?.({ port: gateway.server.port });
}
