import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
const plugin = join(root, "examples/plugins/http.ts");

interface Rendered {
  readonly stdout: string;
  readonly stderr: string;
}

/** Renders `a.tsk` of a folder in a process of its own, for what it asks is served by this one. */
function render(folder: string, ...args: readonly string[]): Promise<Rendered> {
  const line = ["config", "render", "--raw", "a.tsk", "--json", "--plugin", plugin, ...args];
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["--conditions=tusker-source", join(root, "bin/tusker.js"), ...line],
      { cwd: folder },
      (_error, stdout, stderr) => done({ stdout, stderr }),
    );
  });
}

test("the plugin of the examples asks a server only when it may, and knows the answer when it is away", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "tusker-plugin-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.end('{"rate": 7}');
  });
  await new Promise<void>((ready) => void server.listen(0, "127.0.0.1", () => ready()));
  stack.defer(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}/limits`;
  writeFileSync(join(folder, "a.tsk"), `#!tusker 1\nlimits: @http.get("${url}")\nrate: limits.rate\n`);

  assert.match((await render(folder)).stderr, /TSK_UNAVAILABLE/);
  assert.equal(asked, 0);
  const expected = { limits: { rate: 7 }, rate: 7 };
  const there = await render(folder, "--allow-network");
  assert.deepEqual(JSON.parse(there.stdout), expected, there.stderr);
  assert.equal(asked, 1);
  await new Promise<void>((closed) => void server.close(() => closed()));
  const away = await render(folder, "--allow-network");
  assert.deepEqual(JSON.parse(away.stdout), expected, away.stderr);
});
