import { existsSync, globSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { machinePorts, readFile } from "../fleet/index.ts";
import { TuskerError } from "../kernel/index.ts";
import { type Loaded, limits, loadDocument } from "../tsk/index.ts";
import type { Args, Io } from "./command.ts";
import { fleetPath } from "./fleet-file.ts";
import { hostOf } from "./plugins.ts";

/**
 * Reads one file of the language without the fleet's schema; that it is not there is among the diagnostics. Other layers
 * count only when they are asked for: by --layers, an environment or overrides.
 */
export function readDocument(file: string, args: Args, io: Io): Loaded {
  const environment = args.text("env");
  const sets = args.list("set");
  return loadDocument({
    entry: io.cwd === process.cwd() ? shown(file, io) : file,
    ...machinePorts(io.env),
    ...hostOf(args, io),
    env: io.env,
    environment,
    sets,
    layers: environment === undefined && sets.length === 0 && !args.flag("layers") ? "entry" : "all",
  });
}

/**
 * The files of the language a command works on: its operands, folders searched; without operands the fleet file,
 * its layers beside it and what they include.
 *
 * @throws TuskerError FLEET_FILE_MISSING
 */
export function tskFiles(args: Args, io: Io): readonly string[] {
  const operands = args.positionals.map((one) => resolve(io.cwd, one));
  return operands.length === 0 ? layerFiles(fleetPath(args, io)) : operands.flatMap(filesOf);
}

/**
 * The text of a file that is to be written back; undefined of bytes that are no UTF-8, or more than the language reads: what
 * was not read right would be lost.
 */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > limits.text) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A path as a person would type it. */
export function shown(file: string, io: Io): string {
  const near = relative(io.cwd, file);
  return near === "" || near.startsWith("..") || isAbsolute(near) ? file : near;
}

function layerFiles(fleet: string): readonly string[] {
  const folder = dirname(fleet);
  const local = fleet.replace(/(?:\.tsk)?$/, ".local.tsk");
  const environments = globSync("environment/*.tsk", { cwd: folder }).sort();
  const others = [...environments, ...globSync("config/services/*.tsk", { cwd: folder }).sort()];
  const own = [
    ...filesOf(fleet),
    ...(readFile(local) === undefined ? [] : [local]),
    ...others.map((file) => join(folder, file)),
  ];
  return [...new Set([...own, ...includedFiles(fleet, environments)])];
}

/** The files that a fleet file and its layers include, in any environment. */
function includedFiles(fleet: string, environments: readonly string[]): readonly string[] {
  return [undefined, ...environments].flatMap((file) => {
    const environment = file === undefined ? undefined : basename(file, ".tsk");
    const { trees } = loadDocument({
      ...machinePorts({}),
      entry: fleet,
      env: {},
      environment,
      causes: "none",
    });
    return [...trees.keys()].filter((one) => one.endsWith(".tsk") && existsSync(one)).sort();
  });
}

function filesOf(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new TuskerError("FLEET_FILE_MISSING", `there is no file ${path}`);
  if (!found.isDirectory()) return [path];
  return globSync("**/*.tsk", {
    cwd: path,
    exclude: (name) => name === "node_modules" || name.startsWith("."),
  })
    .sort()
    .map((file) => join(path, file));
}
