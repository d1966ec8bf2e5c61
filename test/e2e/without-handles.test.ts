/**
 * The engine takes two short cuts through what Node does not document (decision 0041). Its own tests hold on a Node that
 * does not offer them: sockets are slower then, and nothing else.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { endsWithUs } from "../support/ends-with-us.ts";
import { root } from "../support/fleet.ts";

/** Preloaded: Node as another release of it may be, which shows nobody the handles of its sockets. */
const noHandles = `const { get } = Reflect;
Object.assign(Reflect, { get: (target, key, ...rest) => (key === "_handle" ? undefined : get(target, key, ...rest)) });`;

async function testsOf(files: readonly string[], ...options: string[]) {
  const child = spawn(
    process.execPath,
    [
      ...["--conditions=tusker-source", "--import", join(root, "scripts/seeded.ts")],
      ...["--import", `data:text/javascript,${encodeURIComponent(noHandles)}`],
      ...["--test", "--test-isolation=none", "--test-reporter=tap", ...options],
      ...files.map((file) => join(root, "src/net", file)),
    ],
    // Told that it is a part of this run, it would report to it in another format.
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  );
  endsWithUs(child);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = await once(child, "close");
  return { code, text, passed: Number(/^# pass (\d+)$/m.exec(text)?.[1]) };
}

test("without the handles of sockets nobody finds the short way", async () => {
  const { code } = await testsOf(["socket/straight.test.ts"], "--test-name-pattern=has the short way");
  assert.equal(code, 1);
});

test("without the handles of sockets every byte arrives, in order and at its pace", async () => {
  const files = [
    "http1/server/server.test.ts",
    "http1/server/half-closed.test.ts",
    "http1/client/client.test.ts",
  ];
  const { code, text, passed } = await testsOf(
    [...files, "socket/straight.test.ts"],
    "--test-skip-pattern=(has|on) the short way",
  );
  assert.equal(code, 0, text);
  assert.ok(passed > 45, `${passed} tests`);
});
