import { startCollector } from "../../collector/index.ts";
import { systemClock, TuskerError } from "../../kernel/index.ts";
import { authority } from "../../net/index.ts";
import type { Run } from "../command.ts";
import { bindOption, portOption } from "../listen-options.ts";
import { serveUntilSignal, stderrLogger } from "../serve.ts";

/** Runs the collector alone. */
export const run: Run = async (args, io) => {
  const host = bindOption(args, io);
  await using collector = await startCollector({
    host,
    otlpPort: portOption(args, "otlp-port", 4318),
    zipkinPort: portOption(args, "zipkin-port", 9411),
    jaegerPort: portOption(args, "jaeger-port", 14_268),
    clock: systemClock,
    log: stderrLogger("collector", io),
  });
  if (collector.listening.length === 0) {
    const taken = collector.standDown.map(({ protocol, port }) => `${port} (${protocol})`).join(", ");
    throw new TuskerError(
      "NET_PORT_TAKEN",
      `every port of the collector is taken: ${taken}; stop what listens there, or choose others`,
    );
  }
  const addresses = Object.fromEntries(
    collector.listening.map(({ protocol, port }) => [protocol, `http://${authority(host, port)}`]),
  );
  await serveUntilSignal(addresses, args, io);
  return 0;
};
