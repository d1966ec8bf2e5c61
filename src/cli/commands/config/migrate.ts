import { globSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { machinePorts, readFile as readBytes } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import { type Diagnostic, type Loaded, loadDocument, repaired } from "../../../tsk/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { fleetPath, printAllDiagnostics } from "../../fleet-file.ts";
import { counted } from "../../paint.ts";
import { shown, textOf } from "../../tsk-file.ts";
import { writeText } from "../../write-text.ts";

/**
 * Writes what older dialects say in the language of today: makes the repairs that come with warnings, and marks a file
 * in which nothing older is left as `#!tusker 1`. Operands are read as documents of their own; without operands the
 * fleet file is read with its layers, in every environment, because a bare word may mean a key of another layer. 1: something
 * is wrong in them, which keeps a file from being marked, or with --check one would change.
 */
export const run: Run = async (args, io) => {
  const texts = new Map<string, string>();
  const repairs = new Map<string, number>();
  // A repair may make room for the next one: an inner block for its outer one.
  for (let round = 0; round < maxRounds; round++) {
    const asked = repairsOf(loads(args, io, texts));
    for (const [file, some] of asked) {
      texts.set(file, repaired(texts.get(file) ?? "", some));
      repairs.set(file, (repairs.get(file) ?? 0) + some.length);
    }
    if (asked.size === 0) break;
  }
  const left = loads(args, io, texts);
  const marked = new Set(modern(left));
  for (const file of marked) texts.set(file, withMarker(texts.get(file) ?? ""));
  const check = args.flag("check");
  const files = [...new Set([...repairs.keys(), ...marked])].map((path) => ({
    path,
    ...{ file: shown(path, io), repairs: repairs.get(path) ?? 0, marked: marked.has(path) },
  }));
  if (!check) for (const { path } of files) writeText(path, texts.get(path) ?? "");
  const wrong = errorsIn(left);
  printAllDiagnostics(wrong, args, io);
  if (args.flag("json")) io.out(`${JSON.stringify({ files: files.map(({ path: _, ...one }) => one) })}\n`);
  else io.out(files.map((one) => `${sentence(one, check)}\n`).join(""));
  return wrong.length > 0 || (check && files.length > 0) ? 1 : 0;
};

/** What keeps files from being marked, each told once, however many documents it is part of. */
function errorsIn(documents: readonly Loaded[]): readonly Loaded[] {
  const told = new Set<string>();
  return documents.flatMap((one) => {
    const errors = one.diagnostics.filter(({ severity, code, file, start }) => {
      const key = `${code} ${file} ${start}`;
      return severity === "error" && !told.has(key) && told.add(key) !== undefined;
    });
    return errors.length === 0 ? [] : [{ ...one, diagnostics: errors }];
  });
}

/** "made 3 repairs in a.tsk, marked it as #!tusker 1" */
function sentence(one: { file: string; repairs: number; marked: boolean }, check: boolean): string {
  const made = `${check ? "would make" : "made"} ${counted(one.repairs, "repair")} in ${one.file}`;
  const mark = check ? "would mark" : "marked";
  if (one.repairs === 0) return `${mark} ${one.file} as ${marker}`;
  return one.marked ? `${made}, ${mark} it as ${marker}` : made;
}

const marker = "#!tusker 1";

/** Behind a byte order mark, with the line ends of the file. */
function withMarker(text: string): string {
  const start = text.startsWith("\ufeff") ? 1 : 0;
  const lineEnd = /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
  return `${text.slice(0, start)}${marker}${lineEnd}${text.slice(start)}`;
}

/**
 * Files of the language that are read alike with the marker: no document finds anything older or wrong in them. A
 * JSON document stays one: it has no room for a comment.
 */
function modern(documents: readonly Loaded[]): readonly string[] {
  const files = new Set<string>();
  const older = new Set<string>();
  for (const { diagnostics, trees } of documents) {
    for (const [file, { source }] of trees)
      if (source.compat && file.endsWith(".tsk") && !/^\ufeff?\s*\{/.test(source.text))
        files.add(resolve(file));
    for (const one of diagnostics)
      if (one.severity === "error" || one.code.startsWith("TSK_OLD_")) older.add(resolve(one.file));
  }
  return [...files].filter((file) => !older.has(file));
}

const maxRounds = 50;

/** Every document the files take part in. `texts` gets what is read, and what is there already is not read again. */
function loads(args: Args, io: Io, texts: Map<string, string>): readonly Loaded[] {
  const ports = machinePorts(io.env);
  const readFile = (path: string): string | Uint8Array | undefined => {
    const file = resolve(path);
    const known = texts.get(file);
    const bytes = known === undefined ? readBytes(file) : undefined;
    const text = known ?? (bytes && textOf(bytes));
    if (text !== undefined) texts.set(file, text);
    // What is no text has problems, and is left alone.
    return text ?? bytes;
  };
  const operands = args.positionals.map((one) => resolve(io.cwd, one));
  const entry = operands[0] ?? fleetPath(args, io);
  for (const file of operands.length > 0 ? operands : [entry])
    if (readFile(file) === undefined) throw new TuskerError("FLEET_FILE_MISSING", `there is no file ${file}`);
  if (operands.length > 0)
    return operands.map((file) =>
      loadDocument({ ...ports, entry: file, readFile, env: io.env, layers: "entry" }),
    );
  const environments = globSync("environment/*.tsk", { cwd: dirname(entry) }).map((file) =>
    basename(file, ".tsk"),
  );
  return [undefined, ...environments.sort()].map((environment) =>
    loadDocument({ ...ports, entry, readFile, env: io.env, environment }),
  );
}

/** What comes with a repair, by file; only what every document with this file in it says. */
function repairsOf(documents: readonly Loaded[]): ReadonlyMap<string, readonly Diagnostic[]> {
  const asked = new Map<string, Diagnostic[]>();
  const uses = new Map<string, number>();
  for (const { diagnostics, trees } of documents) {
    for (const file of trees.keys()) uses.set(file, (uses.get(file) ?? 0) + 1);
    for (const one of diagnostics) {
      if (one.severity !== "warning" || one.fix === undefined) continue;
      const key = JSON.stringify([one.file, one.fix]);
      asked.set(key, [...(asked.get(key) ?? []), one]);
    }
  }
  const files = new Map<string, Diagnostic[]>();
  for (const [first, ...others] of asked.values()) {
    if (first === undefined || others.length + 1 < (uses.get(first.file) ?? 0)) continue;
    const path = resolve(first.file);
    files.set(path, [...(files.get(path) ?? []), first]);
  }
  return files;
}
