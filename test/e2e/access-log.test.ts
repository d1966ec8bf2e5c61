import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cleanEnvironment } from "../../scripts/run.ts";
import { endsWithUs } from "../support/ends-with-us.ts";
import { until } from "../support/until.ts";

const file = `[service_discovery]
enabled: false
[tracing]
enabled: false
[gateway]
admin_port: 0
access_log: 1
[routes]
"/*": { answer: { body: "said" } }
`;

/** A gateway whose standard output is read as far as the test reads it. */
function gatewayIn(folder: string) {
  const path = join(folder, "gateway.tsk");
  writeFileSync(path, file);
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, "gateway", path, "--port", "0", "--json"], {
    cwd: "/",
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  endsWithUs(child);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  return {
    stop: () => void child.stdout.pause(),
    goOn: () => void child.stdout.resume(),
    lines: (): Record<string, unknown>[] =>
      text
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    async end(): Promise<number | null> {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = await ended;
      return code;
    },
  };
}

test("a reader of the access log that stands still holds up neither requests nor the stop", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-access-"));
  try {
    const gateway = gatewayIn(folder);
    const [said] = await until("its address", async () => {
      const lines = gateway.lines();
      return lines.length > 0 ? lines : undefined;
    });
    const [address, admin] = [String(said?.gateway), new URL(String(said?.admin)).origin];
    let asked = 0;
    // What waits has a mebibyte, and what is on its way another one; the pipe some more.
    const flood = async (): Promise<void> => {
      for (let i = 0; i < 600; i++, asked++)
        assert.equal((await fetch(`${address}/${"x".repeat(7_000)}`)).status, 200);
    };
    const dropped = async (): Promise<number> => {
      const text = await (await fetch(`${admin}/-/metrics`)).text();
      return Number(/^tusker_gateway_access_lines_dropped (\d+)$/m.exec(text)?.[1]);
    };
    gateway.stop();
    await flood();
    const lost = await dropped();
    assert.ok(lost > 100 && lost < 600, `${lost} lines were dropped`);
    gateway.goOn();
    await until("the lines that had room", async () => gateway.lines().length === 1 + asked - lost);
    await fetch(`${address}/after`);
    asked++;
    await until("lines again", async () => gateway.lines().at(-1)?.path === "/after");
    gateway.stop();
    await flood();
    assert.equal(await gateway.end(), 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
