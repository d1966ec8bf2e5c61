import { resolve } from "node:path";
import { readFile } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import { loadDocument, renderDiagnostics, writeDocument } from "../../../tsk/index.ts";
import type { Run } from "../../command.ts";
import { writeText } from "../../write-text.ts";
import { type Foreign, isForeign, readForeign } from "./foreign.ts";

/** Writes a YAML, TOML or JSON file as one of the language, with the same values; YAML keeps its comments. */
export const run: Run = async (args, io) => {
  const [file] = args.positionals;
  if (file === undefined || !isForeign(file))
    throw new TuskerError("CLI_USAGE", "convert needs a file that ends in .yaml, .yml, .toml or .json");
  const bytes = readFile(resolve(io.cwd, file));
  if (bytes === undefined) throw new TuskerError("FLEET_FILE_MISSING", `there is no file ${file}`);
  const foreign = await readForeign(file, bytes);
  const text = writeDocument(foreign.data, foreign.notes);
  assertSame(file, foreign, text);
  const out = args.text("out");
  if (out !== undefined) writeText(resolve(io.cwd, out), text);
  if (args.flag("json")) io.out(`${JSON.stringify({ file, ...(out === undefined ? { text } : { out }) })}\n`);
  else if (out === undefined) io.out(text);
  return 0;
};

/**
 * Reads back what was written: a file that is beyond a limit of the language is refused now, not when it is used.
 *
 * @throws TuskerError FLEET_INVALID
 */
function assertSame(file: string, { data }: Foreign, text: string): void {
  const entry = `${file}.tsk`;
  const readText = (path: string): string | undefined => (path === entry ? text : undefined);
  const { document, diagnostics } = loadDocument({ entry, readFile: readText, layers: "entry", env: {} });
  const [problem] = diagnostics;
  if (problem === undefined && JSON.stringify(document.value) === JSON.stringify(data)) return;
  const why = problem === undefined ? "" : `:\n${renderDiagnostics([problem], document.sources)}`;
  throw new TuskerError("FLEET_INVALID", `${file} has no equal in the language${why}`);
}
