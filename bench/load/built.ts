import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "../../scripts/build.ts";

const root = resolve(import.meta.dirname, "../..");
let built: Promise<string> | undefined;

/**
 * The program as it is installed: compiled, without the source beside it. A checkout strips types at every start and
 * keeps the compiler in memory, which nobody who installed the package pays for.
 */
export function builtBin(): Promise<string> {
  built ??= install();
  return built;
}

async function install(): Promise<string> {
  if ((await build()) !== 0) throw new Error("the package does not build");
  const folder = join(root, ".cache/installed");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of ["bin", "dist", "package.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return join(folder, "bin/tusker.js");
}
