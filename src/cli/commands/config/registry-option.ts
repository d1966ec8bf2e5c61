import { type Configuration, openEngine } from "../../../discovery/index.ts";
import { Secret, systemClock, systemRandom, TuskerError } from "../../../kernel/index.ts";
import { httpClient } from "../../../net/index.ts";
import type { Args, Io } from "../../command.ts";
import { runningFleet } from "../../fleet-file.ts";

/** The configuration service a command works on. */
export interface OpenConfiguration extends AsyncDisposable {
  readonly url: string;
  readonly configuration: Configuration;
}

/**
 * That of the registry named by --registry, else of the fleet that runs here. Shows the token in CONSUL_HTTP_TOKEN.
 *
 * @throws TuskerError FLEET_NOT_RUNNING, DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL when it keeps no history
 */
export async function openConfiguration(args: Args, io: Io): Promise<OpenConfiguration> {
  const named = args.text("registry");
  const running = named === undefined ? runningFleet(args, io) : undefined;
  const url = named ?? running?.registry;
  if (url === undefined) {
    throw new TuskerError(
      "DISCOVERY_UNREACHABLE",
      "this fleet runs without a registry; --registry names one",
    );
  }
  await using stack = new AsyncDisposableStack();
  // What the fleet shows may read; who changes something shows what they may.
  const token = io.env.CONSUL_HTTP_TOKEN || running?.registryToken;
  const engine = stack.use(
    await openEngine({
      url,
      http: stack.use(httpClient()),
      token: token === undefined ? undefined : new Secret(token),
      clock: systemClock,
      random: systemRandom,
      log: { info() {}, warn() {} },
    }),
  );
  const { configuration } = engine;
  if (configuration === undefined) {
    throw new TuskerError(
      "DISCOVERY_PROTOCOL",
      `the registry at ${url} is a ${engine.name}, which keeps no history; the registry of Tusker does`,
    );
  }
  const owned = stack.move();
  return { url, configuration, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The beginning of all keys a command names: that of a service's configuration, or what --prefix says. */
export function prefixOption(args: Args): string {
  const service = args.text("service");
  const prefix = args.text("prefix");
  if (service !== undefined && prefix !== undefined)
    throw new TuskerError(
      "CLI_USAGE",
      "--service and --prefix both say where the keys are; give one of them",
    );
  return service === undefined ? (prefix ?? "") : `config/${service}/`;
}

/**
 * Who, and why.
 *
 * @throws TuskerError CLI_USAGE when nobody says why
 */
export function authorshipOptions(args: Args, io: Io): { author: string; reason: string; dryRun: boolean } {
  const author = args.text("author") ?? io.env.TUSKER_AUTHOR ?? io.env.USER ?? "";
  const reason = args.text("reason") ?? "";
  if (author.trim() === "") throw new TuskerError("CLI_USAGE", "say who wants it with --author NAME");
  if (reason.trim() === "")
    throw new TuskerError("CLI_USAGE", "say why with --reason TEXT; it is kept with each version");
  return { author, reason, dryRun: args.flag("dry-run") };
}
