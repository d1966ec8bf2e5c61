import { resolve } from "node:path";
import { systemClock, systemRandom } from "../../kernel/index.ts";
import { type AclSettings, startRegistry } from "../../registry/index.ts";
import type { Args, Io, Run } from "../command.ts";
import { bindOption, portOption } from "../listen-options.ts";
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
    ...(await aclOf(args, io)),
    scriptChecks: args.flag("enable-script-checks"),
    clock: systemClock,
    random: systemRandom,
    log: stderrLogger("registry", io),
  });
  const dns =
    registry.dnsPort === undefined ? {} : { dns: `${new URL(registry.url).hostname}:${registry.dnsPort}` };
  await serveUntilSignal({ registry: registry.url, ...dns }, args, io);
  return 0;
};

/** Most have no rules, and what reads them weighs as much as a thousand instances. */
async function aclOf(args: Args, io: Io): Promise<{ readonly acl?: AclSettings }> {
  if (args.text("tokens") === undefined) return {};
  const { aclOption } = await import("../registry-tokens.ts");
  return aclOption(args, io);
}

/** Undefined: no DNS. Who takes any port for the one takes any for the other. */
function dnsOption(args: Args, port: number): number | undefined {
  if (args.text("dns-port") === undefined) return port === 0 ? 0 : 8600;
  return portOption(args, "dns-port", 0) || undefined;
}
