import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const root = resolve(import.meta.dirname, "..");
const guard = readFileSync(resolve(root, "scripts/guard.cjs"), "utf8");

/** What the guard says and does under a Node of this version. */
function under(version: string): { lines: string[]; exitCode: number | undefined } {
  const lines: string[] = [];
  let exitCode: number | undefined;
  runInNewContext(guard, {
    console: { error: (line: string) => lines.push(line) },
    process: {
      versions: { node: version },
      exit: (code: number) => {
        exitCode = code;
      },
    },
  });
  return { lines, exitCode };
}

test("a Node that is too old gets one line and exit 1", () => {
  for (const version of ["18.0.0", "20.20.2", "22.99.0", "24.11.1"]) {
    const { lines, exitCode } = under(version);
    assert.equal(exitCode, 1);
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.includes(version) && !lines[0].includes("\n"));
  }
});

test("a Node that is new enough hears nothing", () => {
  for (const version of ["24.12.0", "25.0.0", "26.10.0", "100.1.1"])
    assert.deepEqual(under(version), { lines: [], exitCode: undefined });
});

test("the guard is written for any Node: nothing newer than ES5 in it", () => {
  const code = guard.replaceAll(/"[^"]*"|`[^`]*`|\/\/.*$/gm, "");
  assert.doesNotMatch(code, /\b(const|let|import|await|async|class)\b|=>|\?\?|\?\./);
});

test("every script that runs TypeScript is guarded", () => {
  const { scripts } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
  for (const [name, script] of Object.entries<string>(scripts))
    if (/\.ts\b|bin\/tusker/.test(script)) assert.match(script, /^node scripts\/guard\.cjs && /, name);
});
