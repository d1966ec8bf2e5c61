import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");
const pages = globSync(["*.md", "docs/**/*.md", "src/*/README.md"], { cwd: root }).sort();

test("every decision has a number of its own, and its title says it", () => {
  const numbers = pages
    .filter((page) => dirname(page) === "docs/decisions")
    .map((page) => {
      const number = basename(page).slice(0, 4);
      assert.match(readFileSync(join(root, page), "utf8"), new RegExp(`^# ${number}: `), page);
      return number;
    });
  assert.equal(new Set(numbers).size, numbers.length, numbers.join(" "));
});

test("every relative link of the documentation leads somewhere", () => {
  const broken: string[] = [];
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8").replaceAll(/```[\s\S]*?```/g, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(root, dirname(page), target))) broken.push(`${page}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("every room says what it is, and has one door", () => {
  const rooms = globSync("src/*/", { cwd: root }).map((room) => basename(room));
  // The command line is where everything ends: nobody imports it.
  const wanted = rooms.flatMap((room) =>
    room === "cli" ? [`src/${room}/README.md`] : [`src/${room}/README.md`, `src/${room}/index.ts`],
  );
  const missing = wanted.filter((file) => !existsSync(join(root, file)));
  assert.deepEqual(missing, []);
});

test("the runtime dependencies that are promised are those of the package, each with its reason", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
  const promised = /runtime dependencies are (.*)\./.exec(
    readFileSync(join(root, "SECURITY.md"), "utf8"),
  )?.[1];
  const names = [...(promised ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  assert.deepEqual(names, Object.keys(manifest.dependencies).sort());
  const reasons = readFileSync(join(root, "docs/decisions/0001-runtime-dependencies.md"), "utf8");
  for (const name of names) assert.ok(reasons.includes(`\n| \`${name}\` |`), name);
});
