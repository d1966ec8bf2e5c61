/** A real Prometheus finds its targets in our registry. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { serveHttp1 } from "../../src/net/index.ts";
import { startRegistry } from "../../src/registry/index.ts";
import { freePort } from "../support/consul-peer.ts";
import { until } from "../support/until.ts";

const program = resolve(import.meta.dirname, "../../.peers/prometheus/usr/bin/prometheus");
const skip = existsSync(program)
  ? false
  : "no .peers/prometheus here; fetch it with: node scripts/setup-peers.ts";

const targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.record(z.string(), z.string()), health: z.string(), scrapeUrl: z.string() }),
    ),
  }),
});

test("Prometheus scrapes what is registered, with its labels, and follows what changes", {
  skip,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "tusker-prometheus-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const log = { info: () => undefined, error: () => undefined };
  const registry = stack.use(await startRegistry({ port: 0, clock: systemClock, random: systemRandom, log }));
  const metrics = stack.use(
    await serveHttp1((exchange) => exchange.respond({ status: 200, body: "up_and_well 1\n" }), { port: 0 }),
  );
  const instance = (id: string) => ({
    id,
    service: "user-service",
    host: "127.0.0.1",
    port: metrics.port,
    tags: ["v1"],
  });
  await registry.register(instance("u1"));
  writeFileSync(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: fleet
    http_sd_configs: [{ url: "${registry.url}/v1/tusker/http_sd", refresh_interval: 1s }]
    relabel_configs:
      - { source_labels: [__meta_tusker_tags], regex: ".*,v1,.*", target_label: version, replacement: "1" }
`,
  );
  const port = await freePort();
  const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const prometheus = spawn(program, [...args, `--web.listen-address=127.0.0.1:${port}`], { stdio: "ignore" });
  stack.defer(async () => {
    const ended = once(prometheus, "exit");
    prometheus.kill("SIGKILL");
    await ended;
  });
  const found = async (ids: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`).catch(() => undefined);
    if (answer === undefined || !answer.ok) return undefined;
    const { activeTargets } = targets.parse(await answer.json()).data;
    const well = activeTargets.filter(({ health }) => health === "up");
    return well
      .map(({ labels }) => labels.instance_id)
      .sort()
      .join() === ids
      ? well
      : undefined;
  };
  const [first] = await until("the first target", () => found("u1"), 30_000);
  assert.deepEqual(
    [first?.labels.service, first?.labels.version, first?.labels.instance, first?.labels.job],
    ["user-service", "1", `127.0.0.1:${metrics.port}`, "fleet"],
  );
  await registry.register(instance("u2"));
  await until("the second", () => found("u1,u2"), 30_000);
  await registry.deregister("u1");
  await until("its end", () => found("u2"), 30_000);
});
