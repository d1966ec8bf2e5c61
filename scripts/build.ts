/** `npm run build`: what is published. JavaScript and types of every room in `dist/`; the source stays at home. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { dashboardFile, dashboardPaths } from "../src/control/dashboard.ts";
import { runNode } from "./run.ts";

const root = resolve(import.meta.dirname, "..");

if (import.meta.main) process.exitCode = await build();

/** Compiles into `dist/`, emptied first so that no file of yesterday is published. Gives the exit code. */
export async function build(): Promise<number> {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const ended = await runNode([join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
    cwd: root,
    timeoutMs: 120_000,
  });
  process.stdout.write(ended.output);
  writeDashboard();
  return ended.exitCode ?? 1;
}

/** The files a browser asks for, types stripped, as the admin API would send them from a checkout. */
function writeDashboard(): void {
  const folder = join(root, "dist/dashboard");
  mkdirSync(folder, { recursive: true });
  for (const path of dashboardPaths()) {
    const asset = dashboardFile(path);
    if (asset !== undefined) writeFileSync(join(folder, path === "/" ? "index.html" : path), asset.body);
  }
}
