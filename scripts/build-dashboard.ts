/** The dashboard as it is published: what a checkout serves from `dashboard/`, written to `dist/dashboard/`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { dashboardFile, dashboardPaths } from "../src/control/dashboard.ts";

const root = resolve(import.meta.dirname, "..");

if (import.meta.main) buildDashboard(join(root, "dist"));

/** Writes every file of the dashboard below `dist`. Gives how many bytes a browser loads, gzipped. */
export function buildDashboard(dist: string): number {
  const folder = join(dist, "dashboard");
  mkdirSync(folder, { recursive: true });
  let gzippedBytes = 0;
  for (const path of dashboardPaths()) {
    const plain = dashboardFile(path)?.body ?? new Uint8Array();
    writeFileSync(join(folder, path === "/" ? "index.html" : path.slice(1)), plain);
    gzippedBytes += dashboardFile(path, "gzip")?.body.length ?? 0;
  }
  return gzippedBytes;
}
