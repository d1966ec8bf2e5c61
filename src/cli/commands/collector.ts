import { startCollector } from "../../collector/index.ts";
import { systemClock } from "../../kernel/index.ts";
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
  const addresses = Object.fromEntries(
    collector.listening.map(({ protocol, port }) => [protocol, `http://${host}:${port}`]),
  );
  await serveUntilSignal(addresses, args, io);
  return 0;
};
