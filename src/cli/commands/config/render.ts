import { resolve } from "node:path";
import type { Args, Io, Run } from "../../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../../fleet-file.ts";
import { readDocument } from "../../tsk-file.ts";
import { configPath, noValueAt, valueAt } from "./config-path.ts";

/** Prints the merged document, or a part of it. Secrets are masked. */
export const run: Run = async (args, io) => {
  const raw = args.text("raw");
  if (raw !== undefined) return renderRaw(raw, args, io);
  const loaded = readFleet(fleetPath(args, io), args, io);
  printDiagnostics(loaded, args, io);
  print(loaded.document.value, args, io);
  return loaded.settings === undefined ? 1 : 0;
};

/** Any file of the language: what a fleet is does not matter, nothing is printed unless all of it can be read. */
function renderRaw(file: string, args: Args, io: Io): number {
  const loaded = readDocument(resolve(io.cwd, file), args, io);
  printDiagnostics(loaded, args, io);
  if (loaded.diagnostics.some((one) => one.severity === "error")) return 1;
  print(loaded.document.value, args, io);
  return 0;
}

function print(value: unknown, args: Args, io: Io): void {
  const [text] = args.positionals;
  const path = text === undefined ? [] : configPath(text);
  const part = valueAt(value, path);
  if (part === undefined) throw noValueAt(value, path);
  io.out(`${JSON.stringify(part, null, args.flag("json") ? 0 : 2)}\n`);
}
