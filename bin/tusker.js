#!/usr/bin/env node
// Plain JavaScript for any Node: one clear line on an old runtime, then the real thing.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `tusker needs Node 24.12 or newer, and this is ${process.versions.node}. Install Node 24.12+, or bring it into the project with: npm install --save-dev node@26`,
  );
  process.exit(1);
}
// Compiled code is kept between starts where Node keeps such things; it saves half a second of every start.
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { existsSync } = await import("node:fs");
const source = new URL("../src/cli/main.ts", import.meta.url);
const { main } = await import(
  existsSync(source) ? source.href : new URL("../dist/cli/main.js", import.meta.url).href
);
process.exitCode = await main(process.argv.slice(2));
