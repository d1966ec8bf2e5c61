import type { KeyVersion, PublicationNote } from "../../../discovery/index.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { Args, Io, Run } from "../../command.ts";
import { openConfiguration, prefixOption } from "./registry-option.ts";

/** Versions of a key, or publications below a prefix, the newest first. 1: there are none. */
export const run: Run = async (args, io) => {
  const [key] = args.positionals;
  const prefix = prefixOption(args);
  const limit = limitOf(args);
  await using open = await openConfiguration(args, io);
  if (key === undefined) return printNotes(await open.configuration.publications(prefix, limit), args, io);
  return printVersions(await open.configuration.history(`${prefix}${key}`, limit), args, io);
};

function limitOf(args: Args): number {
  const text = args.text("limit") ?? "20";
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new TuskerError("CLI_USAGE", `--limit is "${text}"; it must be a whole number 1–9999`);
}

function printVersions(versions: readonly KeyVersion[], args: Args, io: Io): number {
  const rows = versions.map(({ value, ...rest }) => ({
    ...rest,
    value: value === undefined ? null : Buffer.from(value).toString(),
  }));
  if (args.flag("json")) io.out(`${JSON.stringify(rows)}\n`);
  else
    for (const row of rows) io.out(`${headOf(row)}\n    ${row.value === null ? "(removed)" : row.value}\n`);
  if (rows.length === 0 && !args.flag("json")) io.err("no version of this key is known\n");
  return rows.length === 0 ? 1 : 0;
}

function printNotes(notes: readonly PublicationNote[], args: Args, io: Io): number {
  if (args.flag("json")) io.out(`${JSON.stringify(notes)}\n`);
  else for (const note of notes) io.out(`${headOf(note)}\n    ${note.keys.join("\n    ")}\n`);
  if (notes.length === 0 && !args.flag("json")) io.err("nothing is known below this prefix\n");
  return notes.length === 0 ? 1 : 0;
}

function headOf({ version, at, author, reason }: Omit<KeyVersion, "value">): string {
  return [version, at, author || "(unknown)", reason].join("  ").trimEnd();
}
