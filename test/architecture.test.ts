import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");
const source = join(root, "src");

const sources = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(source, file));

test("every room may import only what its row in docs/rooms.md allows, and only through doors", () => {
  const allowed = roomTable();
  const wrong: string[] = [];
  for (const file of sources) {
    const from = roomOf(file);
    const row = allowed.get(from);
    if (row === undefined) {
      wrong.push(`${relative(root, file)}: room ${from} has no row in docs/rooms.md`);
      continue;
    }
    for (const target of importsOf(file)) {
      const to = roomOf(target);
      if (to === from) continue;
      if (!row.has(to))
        wrong.push(`${relative(root, file)} imports ${to}, which the row of ${from} does not allow`);
      else if (target === join(source, to, "section.ts")) continue;
      else if (target !== join(source, to, "index.ts"))
        wrong.push(`${relative(root, file)} goes past the door: ${relative(root, target)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no import cycle between files", () => {
  const graph = new Map(sources.map((file) => [file, importsOf(file)]));
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of sources) {
    const cycle = visit(file);
    assert.equal(cycle?.map((f) => relative(source, f)).join(" → "), undefined);
  }
});

test("the core of the language imports nothing of Node", () => {
  const wrong = sources
    .filter((file) => roomOf(file) === "tsk" && !file.endsWith(".test.ts"))
    .filter((file) => /from "node:/.test(readFileSync(file, "utf8")));
  assert.deepEqual(wrong, []);
});

test("a registry that only serves loads no schema library", () => {
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, "utf8");
    for (const [, kind, name] of text.matchAll(/^(import|export) (?!type\b)[^;]*? from "([^"]+)"/gm)) {
      assert.notEqual(name, "zod", `${relative(root, file)}: ${kind} of zod`);
      const target = resolve(dirname(file), name ?? "");
      if (name?.startsWith(".") && target.endsWith(".ts")) reach(target);
    }
  };
  reach(join(source, "cli/main.ts"));
  reach(join(source, "cli/commands/registry.ts"));
  assert.ok(reached.size > 100, `${reached.size} files: the walk went nowhere`);
});

test("wall time, timers and chance are taken from the kernel", () => {
  const wrong: string[] = [];
  for (const file of sources.filter((f) => roomOf(f) !== "kernel" && !f.endsWith(".test.ts"))) {
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const found =
      /\b(Date\.now|Math\.random|performance\.now)\s*\(|(?<![.\w])(setTimeout|setInterval)\s*\(/.exec(text);
    if (found !== null) wrong.push(`${relative(root, file)}: ${found[0]}`);
  }
  assert.deepEqual(wrong, []);
});

test("package exports, doors and rows are the same list", () => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.ok(typeof manifest === "object" && manifest !== null && "exports" in manifest);
  const doors = Object.keys(manifest.exports as object)
    .filter((name) => name !== "./package.json")
    .map((name) => name.slice(2));
  const rooms = [...roomTable().keys()].filter((room) => room !== "cli");
  assert.deepEqual(doors.sort(), rooms.sort());
});

function roomTable(): Map<string, Set<string>> {
  const page = readFileSync(join(root, "docs/rooms.md"), "utf8");
  const rows = new Map<string, Set<string>>();
  for (const line of page.split("\n")) {
    const match = /^\| `([a-z]+)` \|.*\| ([^|]*) \|$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    rows.set(match[1], new Set(match[2].split(",").map((name) => name.trim())));
  }
  return rows;
}

function roomOf(file: string): string {
  return relative(source, file).split("/")[0] ?? "";
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found: string[] = [];
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const target = resolve(dirname(file), match[1] ?? "");
    if (target.startsWith(source) && target.endsWith(".ts")) found.push(target);
  }
  return found;
}
