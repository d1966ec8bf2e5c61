/** What `tusker deploy` writes, as Compose itself reads it. Nothing is built or started: that needs Docker. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { run } from "../../scripts/run.ts";
import { deployFiles, deployFleetOf } from "../../src/deploy/index.ts";
import { loadFleet } from "../../src/fleet/index.ts";
import { peerProgram, skipWithout } from "../support/peer-program.ts";

const skip = skipWithout("docker-compose");

const fleet = `[fleet]
name: "shop"
[service_discovery]
enabled: true
[services]
users: { run: "node users.mjs --greet \\"a b\\" --price $5", port: 8081, health_endpoint: "/health?deep=1&x=$y", env: { NO: "no", PRICE: "5 $", AT: "22:22" } }
pay: { run: "node users.mjs", port: 8083, dependencies: ["users"], config: { key: @env.secure("PAY_KEY"), note: "costs $5, \\"really\\"", list: [1, "yes"] } }
[gateway]
port: 8080
[routes]
"/users/*": { service: "users" }
`;

const composed = z.object({
  services: z.record(
    z.string(),
    z.object({
      command: z.array(z.string()),
      environment: z.record(z.string(), z.string()),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
      ports: z.array(z.object({ host_ip: z.string(), target: z.number(), published: z.string() })).optional(),
      read_only: z.boolean().optional(),
      init: z.boolean(),
    }),
  ),
  configs: z.record(z.string(), z.object({ content: z.string() })),
});

/** The artefacts in a folder, and Compose asked about them. */
function deployed() {
  const folder = mkdtempSync(join(tmpdir(), "tusker-compose-"));
  writeFileSync(join(folder, "users.mjs"), "");
  writeFileSync(join(folder, "tusker.tsk"), fleet);
  const { settings, document, diagnostics } = loadFleet(join(folder, "tusker.tsk"), {
    env: { PAY_KEY: "sk_of_the_developer" },
  });
  assert.ok(settings !== undefined, JSON.stringify(diagnostics));
  for (const { path, text } of deployFiles(deployFleetOf(settings, document, "tusker.tsk"))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return {
    read: (env: Readonly<Record<string, string>>) =>
      run(peerProgram("docker-compose") ?? "", ["config", "--format", "json"], {
        cwd: folder,
        env,
        timeoutMs: 30_000,
      }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Compose writes what it read so that it can be read again: every dollar twice. */
const meant = (text: string): string => text.replaceAll("$$", "$");

test("compose reads every value as it was meant, and the secret where it belongs", { skip }, async () => {
  using at = deployed();
  const { exitCode, stdout, output } = await at.read({ PAY_KEY: "sk_of_production" });
  assert.equal(exitCode, 0, output);
  const { services, configs } = composed.parse(JSON.parse(stdout));
  assert.deepEqual(services.users?.command.map(meant), [
    ...["node", "users.mjs", "--greet", "a b", "--price", "$5"],
  ]);
  const { NO, PRICE, AT, HEALTH_URL = "" } = services.users?.environment ?? {};
  assert.deepEqual([NO, meant(PRICE ?? ""), AT], ["no", "5 $", "22:22"]);
  assert.equal(meant(HEALTH_URL), "http://127.0.0.1:8081/health?deep=1&x=$y");
  const told: unknown = JSON.parse(meant(configs["pay-config"]?.content ?? ""));
  assert.partialDeepStrictEqual(told, {
    service: { config: { key: "sk_of_production", note: 'costs $5, "really"', list: [1, "yes"] } },
  });
  assert.doesNotMatch(output, /sk_of_the_developer/);
});

test("each waits for what it needs; only the gateway is published, and on loopback", { skip }, async () => {
  using at = deployed();
  const { stdout } = await at.read({ PAY_KEY: "k" });
  const { services } = composed.parse(JSON.parse(stdout));
  assert.deepEqual(Object.keys(services).sort(), [
    ...["collector", "gateway", "pay", "register", "registry", "users"],
  ]);
  assert.deepEqual(Object.keys(services.pay?.depends_on ?? {}).sort(), ["registry", "users"]);
  for (const [name, { ports, init }] of Object.entries(services)) {
    assert.equal(init, true, name);
    assert.deepEqual(
      ports?.map(({ host_ip, target, published }) => [host_ip, target, published]),
      name === "gateway" ? [["127.0.0.1", 8080, "8080"]] : undefined,
      name,
    );
  }
});

test("without its secret compose refuses to start, and says which one", { skip }, async () => {
  using at = deployed();
  const { exitCode, output } = await at.read({});
  assert.notEqual(exitCode, 0);
  assert.match(output, /set PAY_KEY/);
});
