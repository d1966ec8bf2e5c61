import { basename, dirname, join, resolve } from "node:path";
import {
  type LoadedFleet,
  type LoadFleetOptions,
  loadFleet,
  machinePorts,
  type RunFile,
  readRunFile,
} from "../fleet/index.ts";
import { TuskerError } from "../kernel/index.ts";
import { type Loaded, renderDiagnostics, withoutSecretFix } from "../tsk/index.ts";
import type { Args, Io } from "./command.ts";
import { counted } from "./paint.ts";
import { hostOf } from "./plugins.ts";

/** The fleet file a command works on: its operand or --file, else tusker.tsk here. */
export function fleetPath(args: Args, io: Io, operand?: string): string {
  return resolve(io.cwd, operand ?? args.text("file") ?? "tusker.tsk");
}

/** Reads the fleet with the overlays and overrides of the command line. */
export function readFleet(file: string, args: Args, io: Io, { sets = [], text }: Given = {}): LoadedFleet {
  return loadFleet(file, {
    environment: args.text("env"),
    sets: [...sets, ...args.list("set")],
    env: io.env,
    ...hostOf(args, io),
    ...(text === undefined ? {} : { files: withText(file, text) }),
  });
}

/** What is known without the disk. */
interface Given {
  /** Overrides below those of the command line; default none. */
  readonly sets?: readonly string[];
  /** Text of the file; default: what is on the disk. */
  readonly text?: Uint8Array | undefined;
}

/** The files of this machine, one of them with another text. */
function withText(file: string, text: Uint8Array): NonNullable<LoadFleetOptions["files"]> {
  const { readFile, list } = machinePorts({});
  return { list, readFile: (path) => (resolve(path) === file ? text : readFile(path)) };
}

/** Prints what is wrong with a file; to standard error, as JSON when that was asked for. */
export function printDiagnostics(loaded: Told, args: Args, io: Io): void {
  printAllDiagnostics([loaded], args, io);
}

/** The same of several files, in one object when JSON was asked for. */
export function printAllDiagnostics(all: readonly Told[], args: Args, io: Io): void {
  const told = all.filter((one) => one.diagnostics.length > 0);
  if (told.length === 0) return;
  if (args.flag("json")) io.err(`${JSON.stringify({ diagnostics: told.flatMap(shownDiagnostics) })}\n`);
  else
    for (const { diagnostics, document } of told)
      io.err(`${renderDiagnostics(diagnostics, document.sources, { colour: io.errColour })}\n`);
}

function shownDiagnostics({ diagnostics, document }: Told): Told["diagnostics"] {
  return diagnostics.map((one) => withoutSecretFix(one, document.sources));
}

/** What is wrong, and the texts in which it is. */
type Told = Pick<Loaded, "diagnostics" | "document">;

/** Reads a fleet and prints what is wrong with it: then it has no settings. */
export function fleetOrProblems(
  file: string,
  args: Args,
  io: Io,
  moreSets: readonly string[] = [],
): LoadedFleet {
  const loaded = readFleet(file, args, io, { sets: moreSets });
  printDiagnostics(loaded, args, io);
  return loaded;
}

/** Says that a file with problems, which have been printed, starts nothing. */
export function refuseStart({ diagnostics }: LoadedFleet, args: Args, io: Io): void {
  const errors = diagnostics.filter((one) => one.severity === "error").length;
  if (!args.flag("json")) io.err(`${counted(errors, "problem")}; nothing was started.\n`);
}

/**
 * The fleet of this file that runs now.
 *
 * @throws TuskerError FLEET_NOT_RUNNING
 */
export function runningFleet(args: Args, io: Io): RunFile {
  const file = fleetPath(args, io);
  const loaded = loadFleet(file, { env: io.env });
  // A file that was broken since must not keep anybody from stopping what runs: its folder is known all the same.
  const run = readRunFile(loaded.settings?.runDir ?? runDirOf(file, loaded));
  if (run !== undefined) return run;
  throw new TuskerError(
    "FLEET_NOT_RUNNING",
    `the fleet of ${file} does not run; \`tusker up\` starts it, --file names another one`,
  );
}

function runDirOf(file: string, { document }: LoadedFleet): string {
  const { fleet } = document.value;
  const written =
    typeof fleet === "object" && fleet !== null && "data_dir" in fleet ? fleet.data_dir : undefined;
  return join(
    resolve(dirname(file), typeof written === "string" ? written : ".tusker"),
    "run",
    basename(file, ".tsk"),
  );
}
