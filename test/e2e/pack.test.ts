import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "../../scripts/build.ts";
import { cleanEnvironment, run } from "../../scripts/run.ts";
import { tuskerProcess } from "../support/tusker-process.ts";

const root = resolve(import.meta.dirname, "../..");
const timeoutMs = 300_000;

/** What is published, installed into an empty folder: what a user has, and nothing of ours. */
describe("the package", { timeout: timeoutMs, concurrency: 1 }, () => {
  const work = mkdtempSync(join(tmpdir(), "tusker-pack-"));
  const app = join(work, "app");
  let tarball = "";
  let files: readonly string[] = [];
  let offline: string | undefined;

  before(async () => {
    assert.equal(await build(), 0);
    const [packed] = JSON.parse(
      await npm(["pack", "--ignore-scripts", "--json", "--pack-destination", work], root),
    );
    tarball = join(work, basename(packed.filename));
    files = packed.files.map((file: { path: string }) => file.path);
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), '{ "private": true, "type": "module" }\n');
    try {
      await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], app);
    } catch (error) {
      // Without a registry and without a warm cache the two dependencies cannot be had.
      if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENOTCACHED/.test(String(error))) throw error;
      offline = "npm cannot reach its registry";
    }
  });

  after(() => rmSync(work, { recursive: true, force: true }));

  test("holds what runs, its types and its papers, and nothing else", () => {
    const allowed =
      /^(bin\/tusker\.js|dist\/.+\.(js|d\.ts|html|css|svg)|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
    assert.deepEqual(
      files.filter((file) => !allowed.test(file)),
      [],
    );
    assert.ok(!files.some((file) => file.includes(".test.")));
    for (const needed of [
      "bin/tusker.js",
      "dist/cli/main.js",
      "dist/dashboard/index.html",
      "LICENSE",
      "README.md",
    ])
      assert.ok(files.includes(needed), needed);
  });

  test("is as publint wants it", async () => {
    const bytes = readFileSync(tarball);
    const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, level: "suggestion" });
    // The source condition is for checkouts of this repository; its files are not published.
    const ours = messages.filter((message) => !message.path.includes("tusker-source"));
    assert.deepEqual(
      ours.map((message) => formatMessage(message, pkg)),
      [],
    );
  });

  test("asks nothing to be run when it is installed", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    // `prepare` is npm's step for a checkout; it is not run where a package comes from a registry.
    for (const name of ["preinstall", "install", "postinstall"]) assert.equal(scripts[name], undefined);
  });

  const consumers = {
    "on Node": { lib: ["ES2024", "ESNext.Disposable"], types: ["node"] },
    // Whoever shares a contract with a browser has no types of Node, and needs none to read ours.
    "without types of Node": { lib: ["ES2024", "ESNext.Disposable", "DOM"], types: [] },
  };
  for (const [who, { lib, types }] of Object.entries(consumers)) {
    test(`types of every door compile for a strict consumer ${who} who checks libraries too`, async (t) => {
      if (offline !== undefined) return t.skip(offline);
      const names = doors().map(
        (door, i) => `import * as door${i} from "tusker/${door}";\nexport { door${i} };`,
      );
      writeFileSync(join(app, "consumer.ts"), `${names.join("\n")}\n`);
      const strict = { strict: true, noEmit: true, skipLibCheck: false };
      const typeRoots = [join(root, "node_modules/@types")];
      const compilerOptions = { ...strict, target: "ES2024", module: "NodeNext", lib, types, typeRoots };
      writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const ended = await run(process.execPath, [tsc, "-p", app], { cwd: app, timeoutMs });
      assert.equal(ended.output, "");
    });
  }

  for (const major of [26, 24]) {
    test(`every door opens on Node ${major}`, async (t) => {
      if (offline !== undefined) return t.skip(offline);
      const node = await nodeOf(major);
      if (node === undefined) return t.skip(`node@${major} cannot be had from npm`);
      const script = `for (const door of ${JSON.stringify(doors())}) {
        const names = Object.keys(await import("tusker/" + door));
        if (names.length === 0) throw new Error(door + " is empty");
      } console.log(process.versions.node)`;
      const ended = await run(node, ["--input-type=module", "-e", script], { cwd: app, timeoutMs });
      assert.match(ended.output, new RegExp(`^${major}\\.\\d+\\.\\d+\\n$`));
    });

    test(`\`npx tusker up\` runs the shop on Node ${major}`, async (t) => {
      if (offline !== undefined) return t.skip(offline);
      const node = await nodeOf(major);
      if (node === undefined) return t.skip(`node@${major} cannot be had from npm`);
      const shop = join(app, `shop-${major}`);
      cpSync(join(root, "examples/shop"), shop, {
        recursive: true,
        filter: (path) => !path.includes(".tusker"),
      });
      await using fleet = tuskerProcess(["up", "--json", "--free-ports"], {
        // What npx does: the package's bin, with its Node first in PATH.
        command: [join(app, "node_modules/.bin/tusker")],
        cwd: shop,
        env: { PATH: `${dirname(node)}:${process.env.PATH}` },
      });
      const { gateway } = await fleet.line((line) => line.type === "up");
      const answer = await fetch(`${gateway}/api/users/123`);
      assert.equal(answer.status, 200);
      assert.partialDeepStrictEqual(await answer.json(), { id: "123" });
      assert.equal(await fleet.end(), 0);
    });
  }
});

function doors(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.keys(exports)
    .filter((name) => name !== "./package.json")
    .map((name) => name.slice(2));
}

/** A Node of this major version: this one, or one that npm brings and `.cache` keeps. */
async function nodeOf(major: number): Promise<string | undefined> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const folder = join(root, `.cache/node-${major}`);
  const binary = join(folder, "node_modules/node/bin/node");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "allowScripts": { "node": true } }\n');
  await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", `node@${major}`], folder).catch(
    () => {},
  );
  return existsSync(binary) ? binary : undefined;
}

/** Runs npm away from the npm that may run us, whose settings would make it work in our folder. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const ours = Object.keys(cleanEnvironment()).filter((name) =>
    /^npm_(package|lifecycle|config_local_prefix)/.test(name),
  );
  const { exitCode, output, stdout } = await run("npm", args, {
    cwd,
    timeoutMs,
    env: Object.fromEntries(ours.map((name) => [name, ""])),
  });
  if (exitCode !== 0) throw new Error(`npm ${args[0]} failed:\n${output}`);
  return stdout;
}
