import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import {
  type DeployFleet,
  type DeployService,
  type DeployValue,
  deployFiles,
  SecretReference,
} from "./index.ts";

function service(name: string, more: Partial<DeployService> = {}): DeployService {
  return {
    name,
    version: "1.0.0",
    run: `node services/${name}.ts`,
    port: 8081,
    healthEndpoint: "/health",
    dependencies: [],
    environment: {},
    configuration: {},
    ...more,
  };
}

function fleetOf(...services: DeployService[]): DeployFleet {
  const gateway = { port: 8080, settings: { fleet: "shop" } };
  return { name: "shop", file: "tusker.tsk", nodeMajor: 26, services, gateway, metrics: [] };
}

function textOf(fleet: DeployFleet, path: string): string {
  const file = deployFiles(fleet).find((one) => one.path === path);
  assert.ok(file !== undefined, path);
  return file.text;
}

const composeOf = (fleet: DeployFleet) => parse(textOf(fleet, "compose.yaml"));

/** What compose makes of a text: `$$` is a dollar, `${NAME:?…}` the value of a variable (Compose spec 12). */
function substituted(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\{([A-Z_]+):\?[^}]*\}/g, (all, name: string | undefined) =>
    name === undefined ? "$" : (variables[name] ?? all),
  );
}

test("each service is a container that waits for the registry and for what it depends on", () => {
  const { services } = composeOf(fleetOf(service("user"), service("order", { dependencies: ["user"] })));
  assert.deepEqual(services.order.depends_on, {
    registry: { condition: "service_healthy" },
    user: { condition: "service_healthy" },
  });
  assert.equal(services.order.command, "node services/order.ts");
  assert.equal(services.order.environment.PORT, "8081");
});

test("only the gateway is published, and on loopback", () => {
  const fleet = { ...fleetOf(service("user")), metrics: [{ job: "user", address: "user:8081" }] };
  const { services } = composeOf(fleet);
  for (const [name, one] of Object.entries<{ ports?: string[] }>(services)) {
    for (const port of one.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    if (name !== "gateway" && name !== "prometheus") assert.equal(one.ports, undefined, name);
  }
});

test("every container of ours has no capabilities and an init; those that write nothing have a read-only root", () => {
  const { services } = composeOf(fleetOf(service("user")));
  for (const [name, one] of Object.entries<Record<string, unknown>>(services)) {
    assert.deepEqual(one.cap_drop, ["ALL"]);
    assert.equal(one.read_only, name === "user" ? undefined : true);
    assert.equal(one.init, true);
  }
});

test("a secret is a variable that must be set, in the environment and in the configuration", () => {
  const key = new SecretReference("STRIPE_API_KEY");
  const fleet = fleetOf(
    service("pay", { environment: { KEY: key }, configuration: { stripe: { api_key: key } } }),
  );
  const { services, configs } = composeOf(fleet);
  assert.equal(services.pay.environment.KEY, `\${STRIPE_API_KEY:?set STRIPE_API_KEY}`);
  const content = substituted(configs["pay-config"].content, { STRIPE_API_KEY: "sk_live_1" });
  assert.deepEqual(JSON.parse(content), { stripe: { api_key: "sk_live_1" } });
});

test("any configuration reaches its service as it was, dollars and all", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "$", "{", "}", '"', "\\", "\n", " ", ":", "é", "\uffff"),
  });
  const { data } = fc.letrec<{ data: DeployValue }>((tie) => ({
    data: fc.oneof(
      { depthSize: "small" },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("data"), { maxLength: 3 }),
      fc.dictionary(
        text.filter((key) => key !== "__proto__"),
        tie("data"),
        { maxKeys: 3, noNullPrototype: true },
      ),
    ),
  }));
  fc.assert(
    fc.property(data, (configuration) => {
      const { configs } = composeOf(fleetOf(service("user", { configuration })));
      assert.deepEqual(JSON.parse(substituted(configs["user-config"].content, {})), configuration);
    }),
    { numRuns: 150 },
  );
});

test("environment and command keep their dollars", () => {
  const { services } = composeOf(
    fleetOf(service("user", { run: "node a.ts $HOME", environment: { A: `$B \${C}` } })),
  );
  assert.equal(substituted(services.user.command, {}), "node a.ts $HOME");
  assert.equal(substituted(services.user.environment.A, {}), `$B \${C}`);
});

test("the gateway runs from settings of its own, which say where they come from", () => {
  const fleet = fleetOf(service("user"));
  const { services } = composeOf(fleet);
  assert.deepEqual(services.gateway.command.slice(-3), ["gateway", "--settings", "deploy/gateway.json"]);
  const { "//": comment, ...settings } = JSON.parse(textOf(fleet, "deploy/gateway.json"));
  assert.match(comment, /tusker deploy.*tusker\.tsk/);
  assert.deepEqual(settings, { fleet: "shop" });
});

test("an overlay that was merged is named to the whole fleet and to each service, and none is not", () => {
  const fleet = { ...fleetOf(service("user")), environment: "production" };
  const commandOf = (one: DeployFleet) =>
    JSON.parse(/^CMD (\[.*\])$/m.exec(textOf(one, "Dockerfile"))?.[1] ?? "");
  assert.deepEqual(commandOf(fleet).slice(2, 6), ["up", "tusker.tsk", "--env", "production"]);
  assert.equal(composeOf(fleet).services.user.environment.TUSKER_ENV, "production");
  assert.ok(!commandOf(fleetOf(service("user"))).includes("--env"));
  assert.equal(composeOf(fleetOf(service("user"))).services.user.environment.TUSKER_ENV, undefined);
});

test("the whole fleet in one container can be reached and writes where it may", () => {
  const text = textOf(fleetOf(service("user")), "Dockerfile");
  const command = JSON.parse(/^CMD (\[.*\])$/m.exec(text)?.[1] ?? "");
  assert.ok(command.includes('gateway.bind="0.0.0.0"'));
  assert.ok(command.includes('fleet.data_dir="/data"'));
  assert.match(text, /chown node:node \/data/);
});

test("Prometheus comes with targets and not without", () => {
  const fleet = { ...fleetOf(service("user")), metrics: [{ job: "user", address: "user:8081", path: "/m" }] };
  const { scrape_configs } = parse(textOf(fleet, "deploy/prometheus.yml"));
  assert.deepEqual(scrape_configs, [
    {
      job_name: "user",
      metrics_path: "/m",
      static_configs: [{ targets: ["user:8081"], labels: { fleet: "shop" } }],
    },
  ]);
  const without = fleetOf(service("user"));
  assert.ok(!deployFiles(without).some((file) => file.path.includes("prometheus")));
  assert.equal(composeOf(without).services.prometheus, undefined);
});

test("the image runs without root and knows when it is well", () => {
  const text = textOf(fleetOf(service("user")), "Dockerfile");
  assert.match(text, /^FROM node:26-slim AS build$/m);
  assert.ok(text.indexOf("USER node") > text.lastIndexOf("COPY"));
  assert.match(text, /^HEALTHCHECK /m);
  assert.doesNotMatch(text, /curl|wget/);
  for (const line of text.matchAll(/CMD (\[.*\])$/gm)) assert.ok(Array.isArray(JSON.parse(line[1] ?? "")));
});

test("the same fleet gives the same bytes", () => {
  const fleet = fleetOf(service("user"), service("order", { dependencies: ["user"], grpcPort: 9090 }));
  assert.deepEqual(deployFiles(fleet), deployFiles(structuredClone(fleet)));
});

test("a fleet that cannot be expressed is refused", () => {
  for (const wrong of [
    service("gateway"),
    service("user", { port: 0 }),
    service("user", { dependencies: ["database"] }),
  ])
    assert.throws(() => deployFiles(fleetOf(wrong)), { code: "DEPLOY_UNSUPPORTED" });
  const anyPort = { ...fleetOf(service("user")), gateway: { port: 0, settings: {} } };
  assert.throws(() => deployFiles(anyPort), { code: "DEPLOY_UNSUPPORTED" });
});
