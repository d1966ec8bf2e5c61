import { globSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { machinePorts } from "../../../fleet/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import { type Diagnostic, type Loaded, loadDocument, repaired } from "../../../tsk/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { fleetPath } from "../../fleet-file.ts";
import { counted } from "../../paint.ts";
import { readText, shown } from "../../tsk-file.ts";

/**
 * Writes what older dialects say in the language of today: makes the repairs that come with warnings. Operands are
 * read as documents of their own; without operands the fleet file is read with its layers, in every environment,
 * because a bare word may mean a key of another layer.
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
  const check = args.flag("check");
  if (!check) for (const file of repairs.keys()) writeFileSync(file, texts.get(file) ?? "");
  const files = [...repairs].map(([file, count]) => ({ file: shown(file, io), repairs: count }));
  const verb = check ? "would make" : "made";
  if (args.flag("json")) io.out(`${JSON.stringify({ files })}\n`);
  else io.out(files.map((one) => `${verb} ${counted(one.repairs, "repair")} in ${one.file}\n`).join(""));
  return check && files.length > 0 ? 1 : 0;
};

const maxRounds = 50;

/** Every document the files take part in. `texts` gets what is read, and what is there already is not read again. */
function loads(args: Args, io: Io, texts: Map<string, string>): readonly Loaded[] {
  const ports = machinePorts(io.env);
  const readFile = (path: string): string | undefined => {
    const file = resolve(path);
    const known = texts.get(file) ?? decoded(readText(file));
    if (known !== undefined) texts.set(file, known);
    return known;
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

function decoded(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
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
