import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Args, Io, Run } from "../../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../../fleet-file.ts";
import { readDocument } from "../../tsk-file.ts";
import { writeText } from "../../write-text.ts";
import { configPath, noValueAt, valueAt } from "./config-path.ts";

/** Prints the merged document, or a part of it, or keeps it in a file. Secrets are masked. */
export const run: Run = async (args, io) => {
  pathIn(args);
  const raw = args.text("raw");
  if (raw !== undefined) return renderRaw(raw, args, io);
  const loaded = readFleet(fleetPath(args, io), args, io);
  printDiagnostics(loaded, args, io);
  const isRight = loaded.settings !== undefined;
  // What is wrong may be looked at; it is not kept.
  if (isRight || args.text("out") === undefined) give(loaded.document.value, args, io);
  return isRight ? 0 : 1;
};

/** Any file of the language: what a fleet is does not matter, nothing is printed unless all of it can be read. */
function renderRaw(file: string, args: Args, io: Io): number {
  const loaded = readDocument(resolve(io.cwd, file), args, io);
  printDiagnostics(loaded, args, io);
  if (loaded.diagnostics.some((one) => one.severity === "error")) return 1;
  give(loaded.document.value, args, io);
  return 0;
}

/** The path of the part that is asked for; it is read before any file is. */
function pathIn({ positionals: [text] }: Args): readonly string[] {
  return text === undefined ? [] : configPath(text);
}

function give(value: unknown, args: Args, io: Io): void {
  const path = pathIn(args);
  const part = valueAt(value, path);
  if (part === undefined) throw noValueAt(value, path);
  const out = args.text("out");
  if (out === undefined) io.out(`${JSON.stringify(part, null, args.flag("json") ? 0 : 2)}\n`);
  else keep(out, part, args, io);
}

/** Writes a snapshot: the values, and the SHA-256 of their JSON without blanks, by which it is seen whether it still holds. */
function keep(out: string, config: unknown, args: Args, io: Io): void {
  const sha256 = createHash("sha256").update(JSON.stringify(config)).digest("hex");
  writeText(resolve(io.cwd, out), `${JSON.stringify({ sha256, config }, null, 2)}\n`);
  io.out(args.flag("json") ? `${JSON.stringify({ out, sha256 })}\n` : `wrote  ${out}  sha256:${sha256}\n`);
}
