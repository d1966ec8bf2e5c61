import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type DeployFleet, deployAddresses, deployFiles, SecretReference } from "../../src/deploy/index.ts";

const folder = join(import.meta.dirname, "deploy");

const shop: DeployFleet = {
  name: "shop",
  file: "tusker.tsk",
  nodeMajor: 26,
  environment: "production",
  gateway: {
    port: 8080,
    settings: {
      fleet: "shop",
      gateway: { port: 8080, bind: "0.0.0.0" },
      routes: { "/api/users/*": { service: "user-service" } },
      registry: { url: deployAddresses.registry, updateInterval: "30s" },
      otlp: deployAddresses.otlp,
    },
  },
  metrics: [{ job: "gateway", address: "gateway:9464" }],
  services: [
    {
      name: "user-service",
      version: "1.0.0",
      run: "node services/user.ts",
      port: 8081,
      grpcPort: 9090,
      healthEndpoint: "/health",
      dependencies: [],
      environment: {},
      configuration: { registry: { url: deployAddresses.registry }, service: { config: { database: "users" } } },
    },
    {
      name: "payment-service",
      version: "1.0.0",
      run: 'node services/payment.ts --name "a b"',
      port: 8083,
      healthEndpoint: "/health?deep=1",
      dependencies: ["user-service"],
      environment: { PRICE: "5 $", STRIPE_API_KEY: new SecretReference("STRIPE_API_KEY") },
      configuration: { service: { config: { stripe_api_key: new SecretReference("STRIPE_API_KEY") } } },
    },
  ],
};

// UPDATE_GOLDEN=1 makes the files anew; the difference is then read in review.
if (process.env.UPDATE_GOLDEN === "1") {
  for (const { path, text } of deployFiles(shop)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

test("the shop gives these files and no others", () => {
  const expected = globSync("**/{*,.*}", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  assert.deepEqual(deployFiles(shop).map((file) => file.path).sort(), expected.sort());
});

for (const { path, text } of deployFiles(shop)) {
  test(`${path} of the shop is as committed`, () => {
    assert.equal(text, readFileSync(join(folder, path), "utf8"));
  });
}
