import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { startRegistry } from "../../src/registry/index.ts";
import { upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

const service = `import { createServer } from "node:http";
createServer((_, answer) => answer.end("fine")).listen(Number(process.env.PORT), "127.0.0.1");
`;

const noPorts = `[gateway]
port: 0
[control]
port: 0
[collector]
otlp_port: 0
zipkin_port: 0
jaeger_port: 0
`;

test("a fleet that is killed is missed by a registry it did not start, without any check", async () => {
  const log = { info: () => undefined, error: () => undefined };
  await using registry = await startRegistry({ port: 0, clock: systemClock, random: systemRandom, log });
  const folder = mkdtempSync(join(tmpdir(), "tusker-lease-"));
  try {
    writeFileSync(join(folder, "plain.mjs"), service);
    const file = join(folder, "tusker.tsk");
    const discovery = `[service_discovery]\nregistry_url: "${registry.url}"\n`;
    writeFileSync(file, `${discovery}[services]\nplain: { run: "node plain.mjs" }\n${noPorts}`);
    await using fleet = await upFleet({ file, freePorts: false });
    const statuses = () =>
      registry.instances().flatMap(({ service, status }) => (service === "plain" ? [status] : []));
    await until("the lease", () => registry.stats.leases > 0);
    assert.deepEqual(statuses(), ["passing"]);
    const killed = systemClock.now();
    fleet.child.kill("SIGKILL");
    await until("a critical instance", () => statuses().includes("critical"));
    // A second on a quiet machine; what this must not be is the interval of a check.
    assert.ok(systemClock.now() - killed < 5_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
