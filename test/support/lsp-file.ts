import { type Snapshot, Workspace } from "../../src/lsp/index.ts";

/** A file as an editor has it open, with the cursor where `|` stands in its text. */
export interface OpenFile {
  readonly snapshot: Snapshot;
  readonly offset: number;
}

const folder = "/nowhere/shop";

/** A fleet of open files; the cursor is in the one with a `|`. By path below the fleet's folder. */
export function openFleet(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): OpenFile {
  const workspace = new Workspace({ env });
  let cursor = { file: `${folder}/tusker.tsk`, offset: 0 };
  for (const [name, text] of Object.entries(files)) {
    const file = `${folder}/${name}`;
    const at = text.indexOf("|");
    if (at >= 0) cursor = { file, offset: at };
    workspace.put(file, at < 0 ? text : text.slice(0, at) + text.slice(at + 1));
  }
  const snapshot = workspace.snapshot(cursor.file);
  if (snapshot === undefined) throw new Error(`${cursor.file} is not there`);
  return { snapshot, offset: cursor.offset };
}

/** A fleet of one file. */
export function openFile(text: string, env?: Readonly<Record<string, string>>): OpenFile {
  return openFleet({ "tusker.tsk": text }, env);
}
