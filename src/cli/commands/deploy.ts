import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type DeployFile, deployFiles, deployFleetOf, deployNotices } from "../../deploy/index.ts";
import type { Run } from "../command.ts";
import { fleetPath, printDiagnostics, readFleet } from "../fleet-file.ts";
import { writeText } from "../write-text.ts";

/** Writes the artefacts of the fleet beside its file; with --check only says whether they are as committed. */
export const run: Run = async (args, io) => {
  const file = fleetPath(args, io);
  const loaded = readFleet(file, args, io);
  printDiagnostics(loaded, args, io);
  if (loaded.settings === undefined) return 1;
  const folder = resolve(io.cwd, args.positionals[0] ?? dirname(file));
  const files = deployFiles(deployFleetOf(loaded.settings, loaded.document, basename(file)));
  const differing = files.filter((one) => !isAsCommitted(folder, one)).map((one) => one.path);
  if (!args.flag("check"))
    for (const { path, text } of files) writeText(join(folder, path), text, { folders: true });
  const notices = deployNotices(loaded.settings);
  const outcome = { folder, files: files.map((one) => one.path), differing, notices };
  if (!args.flag("json")) for (const notice of notices) io.err(`${notice}\n`);
  if (args.flag("json")) io.out(`${JSON.stringify(outcome)}\n`);
  else if (args.flag("check"))
    io.out(
      differing.length === 0
        ? "everything is as the fleet says\n"
        : differing.map((path) => `differs  ${path}\n`).join(""),
    );
  else
    io.out(
      files
        .map((one) => `${differing.includes(one.path) ? "wrote    " : "unchanged"}  ${one.path}\n`)
        .join(""),
    );
  return args.flag("check") && differing.length > 0 ? 1 : 0;
};

function isAsCommitted(folder: string, { path, text }: DeployFile): boolean {
  const target = join(folder, path);
  return existsSync(target) && readFileSync(target, "utf8") === text;
}
