import { writeFileSync } from "node:fs";
import { readFile } from "../../../fleet/index.ts";
import { format, loadDocument, parse } from "../../../tsk/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { printDiagnostics } from "../../fleet-file.ts";
import { shown, tskFiles } from "../../tsk-file.ts";

/** Writes files in the one style; with --check only says which would change. 1: one would, or cannot be read. */
export const run: Run = async (args, io) => {
  const check = args.flag("check");
  const outcome: Outcome = { files: [], changed: [], failed: [] };
  for (const file of tskFiles(args, io)) {
    const name = shown(file, io);
    outcome.files.push(name);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(readFile(file));
    if (!isReadable(name, text, args, io)) outcome.failed.push(name);
    const formatted = format(text);
    if (formatted === text) continue;
    outcome.changed.push(name);
    if (!check) writeFileSync(file, formatted);
  }
  if (args.flag("json")) io.out(`${JSON.stringify(outcome)}\n`);
  else io.out(outcome.changed.map((name) => `${check ? "would change" : "formatted"}  ${name}\n`).join(""));
  return outcome.failed.length > 0 || (check && outcome.changed.length > 0) ? 1 : 0;
};

interface Outcome {
  readonly files: string[];
  readonly changed: string[];
  readonly failed: string[];
}

/** Prints the problems of syntax. The file is loaded for it, so that no secret is shown in a code frame. */
function isReadable(name: string, text: string, args: Args, io: Io): boolean {
  const wrong = new Set(
    parse(text)
      .diagnostics.filter((one) => one.severity === "error")
      .map((one) => one.start),
  );
  if (wrong.size === 0) return true;
  const readFile = (path: string): string | undefined => (path === name ? text : undefined);
  const loaded = loadDocument({ entry: name, readFile, layers: "entry" });
  printDiagnostics(
    { ...loaded, diagnostics: loaded.diagnostics.filter((one) => wrong.has(one.start)) },
    args,
    io,
  );
  return false;
}
