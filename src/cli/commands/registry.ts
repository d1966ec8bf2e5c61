import { resolve } from "node:path";
import { systemClock, systemRandom } from "../../kernel/index.ts";
import { startRegistry } from "../../registry/index.ts";
import type { Run } from "../command.ts";
import { bindOption, portOption } from "../listen-options.ts";
import { serveUntilSignal, stderrLogger } from "../serve.ts";

/** Runs the registry alone. */
export const run: Run = async (args, io) => {
  const host = bindOption(args, io);
  const port = portOption(args, "port", 8500);
  const dataDir = args.text("data-dir");
  await using registry = await startRegistry({
    host,
    port,
    ...(dataDir === undefined ? {} : { dataDir: resolve(io.cwd, dataDir) }),
    clock: systemClock,
    random: systemRandom,
    log: stderrLogger("registry", io),
  });
  await serveUntilSignal({ registry: registry.url }, args, io);
  return 0;
};
