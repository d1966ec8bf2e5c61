import { staticDiscovery } from "../../../src/discovery/index.ts";
import { type Gateway, gatewaySection, routesSection, startGateway } from "../../../src/gateway/index.ts";
import { systemClock, systemRandom } from "../../../src/kernel/index.ts";
import { createLogger, createMetrics, createTracer, ratioSampler } from "../../../src/telemetry/index.ts";

/** A gateway in this process that leads everything to one port, nothing limited, nothing repeated. */
export function gatewayBefore(
  port: number,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Gateway> {
  const clock = systemClock;
  return startGateway(
    {
      gateway: gatewaySection.parse({ port: 0, retries: 0, ...settings }),
      routes: routesSection.parse({ "/*": { service: "origin" } }),
      // A case that breaks off a connection says nothing about the referee.
      breaker: "off",
    },
    {
      discovery: staticDiscovery([
        { service: "origin", id: "origin", host: "127.0.0.1", port, meta: {}, tags: [], weight: 1 },
      ]),
      tracer: createTracer({
        service: "gateway",
        sampler: ratioSampler(0),
        sink: { accept: () => {} },
        clock,
      }),
      metrics: createMetrics(),
      log: createLogger({ service: "gateway", write: () => {}, clock }),
      clock,
      random: systemRandom,
    },
  );
}
