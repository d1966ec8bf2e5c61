import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import {
  type GatewayProcess,
  gatewayFile,
  type LoadedFleet,
  type ReadFrom,
  runGateway,
} from "../../fleet/index.ts";
import type { LineQueue } from "../../gateway/index.ts";
import { formatDuration, messageOf, systemClock, systemRandom, TuskerError } from "../../kernel/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import type { Args, Io, Run } from "../command.ts";
import { fleetOrProblems, fleetPath, refuseStart } from "../fleet-file.ts";
import { portOption } from "../listen-options.ts";
import { onReload, type Reason } from "../on-reload.ts";
import { logTo } from "../serve.ts";
import { untilSignal } from "../signals.ts";
import { stdoutLines } from "../stdout-lines.ts";

/** Runs the gateway alone: from a fleet file, or as a supervisor's child from the settings it wrote. */
export const run: Run = async (args, io) => {
  let code: number;
  {
    await using lines = stdoutLines();
    code = await serve(args, io, lines);
  }
  // A reader that stands still would keep the process alive; what it did not take until now it shall not have.
  if (process.stdout.writableLength > 0) process.exit(code);
  return code;
};

async function serve(args: Args, io: Io, lines: LineQueue): Promise<number> {
  const { config, from, loaded } = readConfig(args, io);
  if (config === undefined) {
    if (loaded !== undefined) refuseStart(loaded, args, io);
    return 1;
  }
  const log = logTo("gateway", args, io);
  const access = createLogger({ service: "gateway", write: (line) => lines.write(line), clock: systemClock });
  await using gateway = await runGateway(config, {
    ...{ clock: systemClock, random: systemRandom, log, access },
    accessDropped: () => lines.dropped,
  });
  using signals = untilSignal(() => process.exit(130));
  using _reload = onReload(from, adoption(gateway, config, args, io));
  const { port } = gateway;
  if (process.send === undefined) announce(gateway, args, io);
  else {
    process.send({ type: "tusker:ready", port, pid: process.pid });
    // Its requests may still find nobody; whoever says that the whole fleet is up waits for this too.
    void gateway.reachable().then(() => process.connected && process.send?.({ type: "tusker:reachable" }));
  }
  const grace = await Promise.race([signals.asked.then(() => gateway.grace), supervisorAsks(gateway)]);
  await drained(gateway, grace, io);
  // A channel that stays open would keep the process alive.
  if (process.connected) process.disconnect();
  return 0;
}

/** How long a stop may take before it is said what it waits for. */
const patienceMs = 500;

async function drained(gateway: GatewayProcess, grace: GatewayProcess["grace"], io: Io): Promise<void> {
  const [requests, streams] = [formatDuration(grace.requestsMs), formatDuration(grace.streamsMs)];
  const said = `stopping; requests have ${requests}, answers that have begun and tunnels ${streams}; a second signal cuts them off\n`;
  // A supervisor has its own words for it.
  using _said = systemClock.after(patienceMs, () => process.send === undefined && io.err(said));
  await gateway.drain(grace);
}

function announce({ port, adminPort }: GatewayProcess, args: Args, io: Io): void {
  const gateway = `http://localhost:${port}`;
  const admin = adminPort === undefined ? undefined : `http://localhost:${adminPort}/-/routes`;
  if (args.flag("json")) io.out(`${JSON.stringify({ gateway, admin })}\n`);
  else io.out(`gateway at ${gateway}\n${admin === undefined ? "" : `admin at ${admin}\n`}`);
}

/** Takes over the file as it is now. One that is not right changes nothing, and what is wrong has been printed. */
function adoption(
  gateway: GatewayProcess,
  started: unknown,
  args: Args,
  io: Io,
): (reason: Reason) => ReadFrom | undefined {
  const say = (restart: readonly string[] | undefined): void => {
    const later = restart?.length ? `; a restart is needed for: ${restart.join(", ")}` : "";
    const said = `the changed file is in force${later}`;
    if (args.flag("json"))
      io.out(`${JSON.stringify({ type: "reload", adopted: restart !== undefined, restart })}\n`);
    else io.err(`${restart === undefined ? "the file is not right; the gateway goes on as before" : said}\n`);
  };
  let last = started;
  return (reason) => {
    try {
      const { config, from } = readConfig(args, io);
      // Nobody changed anything, it was only time to look.
      if (reason === "old" && isDeepStrictEqual(config, last)) return from;
      if (config !== undefined) last = config;
      say(config === undefined ? undefined : gateway.adopt(config));
      return from;
    } catch (error) {
      // The file may be gone for a moment while an editor replaces it.
      io.err(`${messageOf(error)}\n`);
      say(undefined);
      return undefined;
    }
  };
}

function filePath(args: Args, io: Io): string {
  return fleetPath(args, io, args.text("config") ?? args.positionals[0]);
}

/** What a gateway is to be, undefined when that is not right, and what it was read from. */
interface Read {
  readonly config: unknown;
  readonly from: ReadFrom;
  readonly loaded?: LoadedFleet;
}

/** Alone it follows its fleet file; under a supervisor, what that wrote of it. */
function readConfig(args: Args, io: Io): Read {
  const written = args.text("settings");
  if (written === undefined) {
    const loaded = fleetOrProblems(filePath(args, io), args, io, overrides(args));
    const { settings, from } = loaded;
    if (settings === undefined) return { config: undefined, from, loaded };
    const { service_discovery, tracing } = settings.sections;
    const registry = service_discovery.enabled ? service_discovery.registry_url : undefined;
    const registryToken = service_discovery.token;
    const otlp = tracing.enabled ? tracing.otlp_endpoint : undefined;
    return { config: gatewayFile(settings, { registry, registryToken, otlp }), from };
  }
  try {
    return { config: JSON.parse(readFileSync(written, "utf8")), from: { files: [written], folders: [] } };
  } catch (error) {
    throw new TuskerError("FLEET_FILE_MISSING", `cannot read the settings in ${written}`, { cause: error });
  }
}

/** What options say in place of the file. */
function overrides(args: Args): string[] {
  const sets: string[] = [];
  if (args.text("port") !== undefined) sets.push(`gateway.port=${portOption(args, "port", 0)}`);
  const workers = args.text("workers");
  if (workers === undefined) return sets;
  if (!/^([1-9]|[1-5]\d|6[0-4])$/.test(workers))
    throw new TuskerError("CLI_USAGE", `--workers must be a whole number 1–64, found "${workers}"`);
  return [...sets, `gateway.workers=${workers}`];
}

/** Answers the supervisor's questions, until it asks us to drain or is gone; gives how long draining may take. */
function supervisorAsks(gateway: GatewayProcess): Promise<GatewayProcess["grace"]> {
  return new Promise((given) => {
    const resolve = (ms: number): void => given({ requestsMs: ms, streamsMs: ms });
    process.on("message", (message) => {
      if (typeof message !== "object" || message === null || !("type" in message)) return;
      if (message.type === "tusker:metrics")
        void Promise.resolve(gateway.metrics()).then((text) =>
          process.send?.({ type: "tusker:metrics", text }),
        );
      if (message.type === "tusker:drain") resolve("graceMs" in message ? Number(message.graceMs) : 0);
    });
    process.once("disconnect", () => resolve(0));
  });
}
