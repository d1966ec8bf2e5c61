import { readFile } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import { format, type Loaded, loadDocument, parse } from "../../../tsk/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { printAllDiagnostics } from "../../fleet-file.ts";
import { standardInputName } from "../../standard-input.ts";
import { shown, textOf, tskFiles } from "../../tsk-file.ts";
import { writeText } from "../../write-text.ts";

/**
 * Writes files in the one style; with --check only says which would change. For `-` standard input is written to standard output.
 * 1: one would change, or cannot be read.
 */
export const run: Run = async (args, io) => {
  if (args.positionals.includes(standardInputName)) return formatInput(args, io);
  const check = args.flag("check");
  const outcome: Outcome = { files: [], changed: [], failed: [] };
  const wrong: Loaded[] = [];
  for (const file of tskFiles(args, io)) {
    const name = shown(file, io);
    outcome.files.push(name);
    const bytes = readFile(file) ?? new Uint8Array();
    const text = textOf(bytes);
    const problems = problemsOf(name, bytes, text);
    if (problems !== undefined) {
      outcome.failed.push(name);
      wrong.push(problems);
    }
    const formatted = text === undefined ? undefined : format(text);
    if (formatted === undefined || formatted === text) continue;
    outcome.changed.push(name);
    if (!check) writeText(file, formatted);
  }
  printAllDiagnostics(wrong, args, io);
  if (args.flag("json")) io.out(`${JSON.stringify(outcome)}\n`);
  else io.out(outcome.changed.map((name) => `${check ? "would change" : "formatted"}  ${name}\n`).join(""));
  return outcome.failed.length > 0 || (check && outcome.changed.length > 0) ? 1 : 0;
};

/** From standard input to standard output: for editors, and as a filter. What cannot be read gives nothing, so that nothing is lost. */
async function formatInput(args: Args, io: Io): Promise<number> {
  if (args.positionals.length > 1)
    throw new TuskerError("CLI_USAGE", "- is standard input, and stands alone; format files in another run");
  const bytes = await io.input();
  const text = textOf(bytes);
  const problems = problemsOf(standardInputName, bytes, text);
  if (problems !== undefined) printAllDiagnostics([problems], args, io);
  if (problems !== undefined || text === undefined) return 1;
  const formatted = format(text);
  const isChanged = formatted !== text;
  const check = args.flag("check");
  if (args.flag("json"))
    io.out(`${JSON.stringify({ changed: isChanged, ...(check ? {} : { text: formatted }) })}\n`);
  else if (!check) io.out(formatted);
  else if (isChanged) io.out("standard input would change\n");
  return check && isChanged ? 1 : 0;
}

interface Outcome {
  readonly files: string[];
  readonly changed: string[];
  readonly failed: string[];
}

/**
 * What keeps a file from being read: its problems of syntax, or that it is no text; undefined when nothing does. The file is
 * loaded for it, so that no secret is shown in a code frame.
 */
function problemsOf(name: string, bytes: Uint8Array, text: string | undefined): Loaded | undefined {
  const errors = text === undefined ? [] : parse(text).diagnostics.filter((one) => one.severity === "error");
  if (text !== undefined && errors.length === 0) return undefined;
  const wrong = new Set(errors.map((one) => one.start));
  const readFile = (path: string): Uint8Array | undefined => (path === name ? bytes : undefined);
  const loaded = loadDocument({ entry: name, readFile, layers: "entry" });
  return {
    ...loaded,
    diagnostics: loaded.diagnostics.filter((one) => text === undefined || wrong.has(one.start)),
  };
}
