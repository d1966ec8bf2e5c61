import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadFleet } from "../fleet/index.ts";
import { type DeployFleet, deployFiles, deployFleetOf, SecretReference } from "./index.ts";

function read(text: string): DeployFleet {
  const folder = mkdtempSync(join(tmpdir(), "tusker-deploy-"));
  try {
    const file = join(folder, "tusker.tsk");
    writeFileSync(file, text);
    for (const script of ["user.mjs", "pay.mjs"]) writeFileSync(join(folder, script), "");
    const { settings, document, diagnostics } = loadFleet(file, { env: {} });
    assert.ok(settings !== undefined, JSON.stringify(diagnostics));
    return deployFleetOf(settings, document, "tusker.tsk");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const shop = `
[fleet]
name: "shop"
[services]
user-service: { run: "node user.mjs", port: 8081, grpc_port: 9091, version: "1.2.3" }
pay-service: {
  run: "node pay.mjs"
  port: 8082
  dependencies: ["user-service", "database"]
  env: { MODE: "live" }
  config: { api_key: @env.secure("PAY_KEY", "sk_test"), rate: 5 }
}
[gateway]
port: 8088
[api_communication]
retry_attempts: 2
`;

test("a fleet that was read becomes containers, with the addresses of the containers", () => {
  const fleet = read(shop);
  assert.deepEqual([fleet.name, fleet.gateway.port], ["shop", 8088]);
  const [user, pay] = fleet.services;
  assert.deepEqual([user?.port, user?.grpcPort, user?.version], [8081, 9091, "1.2.3"]);
  assert.deepEqual(pay?.dependencies, ["user-service"]);
  assert.deepEqual(pay?.environment, { MODE: "live" });
  assert.partialDeepStrictEqual(pay?.configuration, {
    service: { name: "pay-service", instance: "pay-service-001", port: 8082, config: { rate: 5 } },
    api_communication: { retry_attempts: 2 },
    registry: { url: "http://registry:8500" },
  });
});

test("no secret of the file is in any artefact, only the name of a variable", () => {
  const fleet = read(shop);
  const written = deployFiles(fleet)
    .map((file) => file.text)
    .join();
  assert.doesNotMatch(written, /sk_test/);
  assert.match(written, /\$\{[A-Z_]*KEY:\?/);
  const { configuration } = fleet.services[1] ?? {};
  assert.ok(JSON.stringify(configuration).includes("api_key"));
});

test("a secret deep in lists is found and named after its place", () => {
  const fleet = read(shop.replace("rate: 5", 'nested: { keys: [@env.secure("DEEP_KEY", "sk_deep")] }'));
  const text = deployFiles(fleet).find((file) => file.path === "compose.yaml")?.text ?? "";
  assert.doesNotMatch(text, /sk_deep/);
  assert.equal(new SecretReference("DEEP_KEY").variable, "DEEP_KEY");
});

test("a service that runs elsewhere, or several times, is refused", () => {
  for (const wrong of [
    "user-service: { port: 8081 }",
    'user-service: { run: "node user.mjs", port: 8081, instances: 2 }',
  ])
    assert.throws(() => read(`[fleet]\nname: "shop"\n[services]\n${wrong}\n`), {
      code: "DEPLOY_UNSUPPORTED",
    });
});
