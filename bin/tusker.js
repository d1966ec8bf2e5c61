#!/usr/bin/env node
// Plain JavaScript for any Node: one clear line on an old runtime, then the real thing.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `tusker needs Node 24.12 or newer, and this is ${process.versions.node}. Install Node 24.12+, or bring it into the project with: npm install --save-dev node@26`,
  );
  process.exit(1);
}
const { existsSync } = await import("node:fs");
const source = new URL("../src/cli/main.ts", import.meta.url);
const checkout = existsSync(source);
const verb = process.argv[2];
if (verb === "registry" || verb === "gateway") keepYoungSmall();
if (verb === "registry") await keepOldSmall();
// Compiled code is kept between starts, which saves a second of each: beside the packages, as their owner's file, or
// in the system's temporary folder where that must not be written.
const { constants, enableCompileCache } = await import("node:module");
const { fileURLToPath } = await import("node:url");
const kept = new URL(checkout ? "../node_modules/.cache/tusker" : "../../.cache/tusker", import.meta.url);
if (enableCompileCache(fileURLToPath(kept)).status === constants.compileCacheStatus.FAILED)
  enableCompileCache();
const { main } = await import(checkout ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2));

/**
 * docs/decisions/0021, 0042: Node's usual young generation, 3 × 16 MB that are never given back, is of no use to a registry,
 * which keeps what it is told, nor to a gateway, which keeps nothing.
 */
function keepYoungSmall() {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  const replaceable =
    process.platform !== "win32" && process.execve !== undefined && process.channel === undefined;
  if (!replaceable || given.includes("--max-semi-space-size")) return;
  // The same process goes on with another setting of its engine: same id, same pipes.
  process.execve(
    process.execPath,
    [process.execPath, "--max-semi-space-size=2", ...process.execArgv, ...process.argv.slice(1)],
    { MALLOC_ARENA_MAX: "2", ...process.env },
  );
}

/** No documented setting of Node: given at run time, an engine that no longer knows it starts all the same. */
async function keepOldSmall() {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--heap-growing-percent=20");
}
