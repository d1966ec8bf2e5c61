/**
 * Puts Visual Studio Code, as `code-server` carries it to a browser, into `.peers/vscode`, and beside it what makes a
 * package of our extension: `node scripts/setup-vscode.ts`. About 200 MB to fetch and 600 MB on the disk, so it is not
 * part of `npm run setup:peers`; without it `test/peers/vscode.test.ts` says so and is skipped.
 *
 * Nothing is compiled and no script of a package is run: what Code has native parts for here (a log, a watchdog) it does
 * without.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, ".peers/vscode");
const packages = ["code-server@4.139.1", "@vscode/vsce@3.9.2"];

if (existsSync(join(folder, "complete"))) console.log("vscode: there already");
else setUp();

function setUp(): void {
  const extension = join(folder, "extension");
  mkdirSync(extension, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  copyFileSync(join(root, "editors/vscode/package.json"), join(extension, "package.json"));
  install(folder, ...packages);
  // Its optional packages are programs for other purposes, a third of the whole.
  install(join(folder, "node_modules/code-server/lib/vscode"), "--omit=dev", "--omit=optional");
  install(extension);
  writeFileSync(join(folder, "complete"), "");
  console.log(`vscode: ${folder}`);
}

function install(where: string, ...words: readonly string[]): void {
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...words], {
    cwd: where,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
