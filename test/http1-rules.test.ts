/** docs/reference/http1-rules.md names every clause, and no test that is not there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

const file = resolve(import.meta.dirname, "../docs/reference/http1-rules.md");
const page = readFileSync(file, "utf8");

/** The rows of all tables: what is tested, the clauses if the table has them, and the tests. */
function rows(): readonly string[][] {
  return [...page.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) => row.split(" | "))
    .filter(([first]) => !/^(Rule|What)$/.test(first ?? ""));
}

/** The tests of a cell: each link with the names that follow it. */
function testsIn(cell: string): { readonly path: string; readonly names: readonly string[] }[] {
  return [...cell.matchAll(/\]\(([^)]+)\)([^[]*)/g)].map(([, path = "", names = ""]) => ({
    path: join(dirname(file), path),
    names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  }));
}

/** True where a test or a case of one is called so: in quotes, as a key, or within the name of a test made of parts. */
function names(source: string, name: string): boolean {
  return (
    [`"${name}"`, `'${name}'`, `\n  ${name}: [`].some((text) => source.includes(text)) ||
    source.split("\n").some((line) => /\b(test|onEngine)\(`/.test(line) && line.includes(name)) ||
    source.includes(`test("${name}:`)
  );
}

test("every rule names tests, and each of them is there", () => {
  const all = rows();
  assert.ok(all.length > 40, `${all.length} rows`);
  for (const row of all) {
    const tests = testsIn(row.at(-1) ?? "");
    assert.ok(tests.length > 0, `no test: ${row[0]}`);
    for (const { path, names: wanted } of tests) {
      const source = readFileSync(path, "utf8");
      assert.ok(wanted.length > 0, `no name beside ${path}`);
      assert.deepEqual(
        wanted.filter((name) => !names(source, name)),
        [],
        path,
      );
    }
  }
});

test("every clause of the codec is on the page", () => {
  const clauses = readFileSync(resolve(import.meta.dirname, "../src/net/http1/codec/clauses.ts"), "utf8");
  const told = new Set(
    rows().flatMap((row) => [...(row[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  );
  const all = [...clauses.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(
    all.filter((name) => !told.has(name)),
    [],
  );
});
