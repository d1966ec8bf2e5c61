import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { upFleet } from "../support/fleet.ts";

/** In any language: it reads the file it was given, once, and knows no registry. */
const service = `import { readFileSync } from "node:fs";
import { createServer } from "node:http";
const { service } = JSON.parse(readFileSync(process.env.TUSKER_CONFIG_FILE, "utf8"));
createServer((_, answer) => answer.end(JSON.stringify(service.config))).listen(Number(process.env.PORT), "127.0.0.1");
`;

const fleetFile = `[services]
plain: { run: "node plain.mjs", config: { pool: { size: 5, idle: 1 } } }
[routes]
"/plain/*": { service: "plain" }
[service_discovery]
script_checks: true
`;

test("a service that follows nothing begins with what was published, after each restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-published-"));
  try {
    writeFileSync(join(folder, "plain.mjs"), service);
    writeFileSync(join(folder, "tusker.tsk"), fleetFile);
    await using fleet = await upFleet({ file: join(folder, "tusker.tsk") });
    const config = async () => await (await fetch(`${fleet.gateway}/plain`)).json();
    assert.deepEqual(await config(), { pool: { size: 5, idle: 1 } });
    const publish = ["config", "publish", "pool/size=50", "--service", "plain", "--author", "ada"];
    const published = await fleet.tusker(...publish, "--reason", "more room");
    assert.equal(published.code, 0, published.stderr);
    assert.deepEqual(await config(), { pool: { size: 5, idle: 1 } }, "it is not disturbed");
    const restarted = await fleet.tusker("restart", "plain");
    assert.equal(restarted.code, 0, restarted.stderr);
    assert.deepEqual(await config(), { pool: { size: 50, idle: 1 } });
    // The file says that this registry runs script checks.
    const check = { Name: "script", Args: ["true"], Interval: "10s" };
    const answer = await fetch(`${fleet.registry}/v1/agent/check/register`, {
      method: "PUT",
      body: JSON.stringify(check),
    });
    assert.equal(answer.status, 200, await answer.text());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
