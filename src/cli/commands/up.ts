import type { Control } from "../../control/index.ts";
import {
  type FleetSettings,
  type LoadedFleet,
  type ReadFrom,
  type RunningFleet,
  readRunFile,
  removeRunFile,
  saysTheSame,
  startFleet,
  waitingForRestart,
  writeRunFile,
} from "../../fleet/index.ts";
import { messageOf, systemClock, systemRandom, TuskerError } from "../../kernel/index.ts";
import type { Run } from "../command.ts";
import { fleetOrProblems, fleetPath, readFleet, refuseStart } from "../fleet-file.ts";
import { onReload, type Reason } from "../on-reload.ts";
import { humanReport, jsonReport, type UpAddresses, type UpReport } from "../report-up.ts";
import { untilSignal } from "../signals.ts";

/** Runs the fleet until it is told to stop. */
export const run: Run = async (args, io) => {
  const anyPort = args.flag("free-ports");
  const file = fleetPath(args, io, args.positionals[0]);
  const loaded = fleetOrProblems(file, args, io);
  const { settings: written, from } = loaded;
  const settings =
    written !== undefined && anyPort
      ? readFleet(file, args, io, { sets: freePortSets(written) }).settings
      : written;
  if (settings === undefined) {
    refuseStart(loaded, args, io);
    return 1;
  }
  refuseNothing(settings);
  refuseTwice(settings);
  const report = args.flag("json") ? jsonReport(io) : humanReport(settings, io);
  const read = (): LoadedFleet => fleetOrProblems(file, args, io, anyPort ? freePortSets(settings) : []);
  const asked = await live(settings, anyPort, report, { from, read });
  report.stopped(systemClock.now() - asked);
  return process.exitCode === 1 ? 1 : 0;
};

/** How a running fleet is read once more; without settings when it is not right, and that has been said. */
interface Reread {
  readonly from: ReadFrom;
  readonly read: () => LoadedFleet;
}

/** From start to the end of everything; gives the moment at which the end was asked for. */
async function live(
  settings: FleetSettings,
  anyPort: boolean,
  report: UpReport,
  { from, read }: Reread,
): Promise<number> {
  const stop = Promise.withResolvers<void>();
  let kill = (): void => {};
  using signals = untilSignal(() => kill());
  await using fleet = await startFleet(settings, {
    clock: systemClock,
    random: systemRandom,
    anyPort,
    onEvent: (event) => report.event(event),
    onLine: (line) => report.line(line),
  });
  kill = () => fleet.kill();
  using _guard = guarded((error) => {
    report.failed(messageOf(error));
    stop.resolve();
  });
  // Loaded while the services start: it is needed only then.
  const { startControl } = await import("../../control/index.ts");
  const { bind, port } = settings.control;
  await using control = await startControl(fleet, {
    host: bind,
    port,
    clock: systemClock,
    onStop: stop.resolve,
  });
  using _announced = announce(fleet, control);
  const adopt = adoption(fleet, settings, read);
  using _reload = onReload(from, adopt);
  const started = fleet.started.then(() =>
    report.up(addressesOf(fleet, control.link, process.uptime() * 1000)),
  );
  const ended = Promise.race([signals.asked, stop.promise]);
  await Promise.race([started, ended]);
  await ended;
  report.stopping(settings.stopTimeoutMs);
  return systemClock.now();
}

/** Reads again: changed routes are in force at once; services keep what they were started with. */
function adoption(
  fleet: RunningFleet,
  started: FleetSettings,
  read: () => LoadedFleet,
): (reason: Reason) => ReadFrom | undefined {
  const say = (text: string): void => fleet.events.emit({ type: "notice", text });
  let last = started;
  return (reason) => {
    try {
      const { settings: next, from } = read();
      if (next === undefined) {
        say("the changed file is not right; the fleet goes on as before");
        return from;
      }
      // Nobody changed anything, it was only time to look.
      if (reason === "old" && saysTheSame(last, next)) return from;
      last = next;
      fleet.adoptGateway(next);
      const later = waitingForRestart(started, next);
      const rest = later.length === 0 ? "" : `; these wait for a restart of the fleet: ${later.join(", ")}`;
      say(`the gateway takes over the changed file${rest}`);
      return from;
    } catch (error) {
      // The file may be gone for a moment while an editor replaces it.
      say(messageOf(error));
      return undefined;
    }
  };
}

/**
 * Whatever nobody foresaw ends the fleet in order and with exit 1, instead of tearing the supervisor from under its
 * services. Node's own channel to a child is such a thing: it throws when the child writes nonsense into it.
 */
function guarded(onError: (error: unknown) => void): Disposable {
  const handle = (error: unknown): void => {
    process.exitCode = 1;
    onError(error);
  };
  process.on("uncaughtException", handle);
  return { [Symbol.dispose]: () => void process.off("uncaughtException", handle) };
}

/** Tells the other commands where this fleet can be spoken to, for as long as it runs. */
function announce(fleet: RunningFleet, control: Control): Disposable {
  const { runDir, name } = fleet.settings;
  const registry = fleet.registryUrl === undefined ? {} : { registry: fleet.registryUrl };
  const shown = fleet.registryToken === undefined ? {} : { registryToken: fleet.registryToken.reveal() };
  writeRunFile(runDir, {
    name,
    control: control.url,
    link: control.link,
    token: control.token.reveal(),
    ...registry,
    ...shown,
  });
  return { [Symbol.dispose]: () => removeRunFile(runDir) };
}

function addressesOf(fleet: RunningFleet, dashboard: string, tookMs: number): UpAddresses {
  const gateway = `http://localhost:${fleet.gateway.ready?.port ?? fleet.settings.sections.gateway.port}`;
  const { tryPath } = fleet.settings;
  return {
    gateway,
    registry: fleet.registryUrl,
    dns: fleet.dns,
    dashboard,
    tryUrl: tryPath === undefined ? undefined : gateway + tryPath,
    tookMs,
  };
}

/** @throws TuskerError FLEET_REQUIRED */
function refuseNothing(settings: FleetSettings): void {
  if (settings.services.length > 0) return;
  throw new TuskerError(
    "FLEET_REQUIRED",
    `there is nothing to run: [services] of ${settings.file} is missing or empty`,
  );
}

/** @throws TuskerError FLEET_RUNNING */
function refuseTwice(settings: FleetSettings): void {
  const running = readRunFile(settings.runDir);
  if (running === undefined) return;
  throw new TuskerError(
    "FLEET_RUNNING",
    `this fleet already runs (pid ${running.pid}); \`tusker ps\` shows it, \`tusker stop\` ends it`,
  );
}

/** Overrides that let the system choose every port of the file. */
function freePortSets(settings: FleetSettings): readonly string[] {
  // Without a registry the ports of the file are all that anybody knows.
  const fixed = !settings.sections.service_discovery.enabled;
  const services = settings.services.filter((service) => service.run !== undefined && !fixed);
  return [
    "gateway.port=0",
    "control.port=0",
    ...(fixed ? [] : ["grpc.port=0"]),
    ...services.flatMap(({ name }) => [`services.${name}.port=0`, `services.${name}.grpc_port=0`]),
  ];
}
