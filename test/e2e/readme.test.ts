import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root, tusker, upFleet } from "../support/fleet.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

/** The first code block after a heading. */
function blockUnder(heading: string): string {
  const after = readme.slice(readme.indexOf(`## ${heading}\n`));
  return /```\w*\n([\s\S]*?)```/.exec(after)?.[1] ?? "";
}

/** A project that has the package, as npm would put it there. */
function project(files: Readonly<Record<string, string>>): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-readme-"));
  mkdirSync(join(path, "node_modules"));
  mkdirSync(join(path, "services"));
  symlinkSync(root, join(path, "node_modules/tusker"));
  symlinkSync(join(root, "node_modules/zod"), join(path, "node_modules/zod"));
  writeFileSync(join(path, "package.json"), `{ "type": "module" }`);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("the fleet and the service of the README run as they stand there", async () => {
  using at = project({
    "tusker.tsk": blockUnder("A fleet"),
    "services/user.ts": blockUnder("A service"),
    "services/order.ts": `import { createServer } from "node:http"; createServer((_, res) => res.end("orders")).listen(Number(process.env.PORT), "127.0.0.1");`,
  });
  await using fleet = await upFleet({
    file: join(at.path, "tusker.tsk"),
    env: { STRIPE_API_KEY: "sk_test" },
  });
  const user = await fetch(`${fleet.gateway}/api/users/123`);
  assert.deepEqual(await user.json(), { id: "123", name: "Ada Lovelace" });
  const nobody = await fetch(`${fleet.gateway}/api/users/9`);
  assert.equal(nobody.status, 404);
  assert.equal(((await nobody.json()) as { code: string }).code, "NOT_FOUND");
  assert.equal(await (await fetch(`${fleet.gateway}/api/orders`)).text(), "orders");
});

test("what init writes runs as it stands", async () => {
  using at = project({});
  rmSync(join(at.path, "package.json"));
  assert.equal((await tusker(["init", at.path])).code, 0);
  await using fleet = await upFleet({ file: join(at.path, "tusker.tsk") });
  assert.deepEqual(await (await fetch(`${fleet.gateway}/api/hello/ada`)).json(), { text: "Hello, ada!" });
  const again = await tusker(["init", at.path]);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /tusker\.tsk/);
});
