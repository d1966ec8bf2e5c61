import { resolve } from "node:path";
import { systemClock, systemRandom } from "../../kernel/index.ts";
import { startRegistry } from "../../registry/index.ts";
import type { Args, Run } from "../command.ts";
import { bindOption, portOption } from "../listen-options.ts";
import { aclOption } from "../registry-tokens.ts";
import { serveUntilSignal, stderrLogger } from "../serve.ts";

/** Runs the registry alone. */
export const run: Run = async (args, io) => {
  const host = bindOption(args, io);
  const port = portOption(args, "port", 8500);
  const dnsPort = dnsOption(args, port);
  const dataDir = args.text("data-dir");
  await using registry = await startRegistry({
    host,
    port,
    ...(dnsPort === undefined ? {} : { dnsPort }),
    ...(dataDir === undefined ? {} : { dataDir: resolve(io.cwd, dataDir) }),
    ...aclOption(args, io),
    scriptChecks: args.flag("enable-script-checks"),
    clock: systemClock,
    random: systemRandom,
    log: stderrLogger("registry", io),
  });
  const dns = registry.dnsPort === undefined ? {} : { dns: `${registry.host}:${registry.dnsPort}` };
  await serveUntilSignal({ registry: registry.url, ...dns }, args, io);
  return 0;
};

/** Undefined: no DNS. Who takes any port for the one takes any for the other. */
function dnsOption(args: Args, port: number): number | undefined {
  if (args.text("dns-port") === undefined) return port === 0 ? 0 : 8600;
  return portOption(args, "dns-port", 0) || undefined;
}
