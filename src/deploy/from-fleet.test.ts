import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { loadFleet } from "../fleet/index.ts";
import {
  type DeployFleet,
  type DeployValue,
  deployFiles,
  deployFleetOf,
  deployNotices,
  SecretReference,
} from "./index.ts";

function read(text: string, more: Readonly<Record<string, string>> = {}): DeployFleet {
  return inFolder({ "tusker.tsk": text, ...more }, (folder) => {
    const { settings, document } = loaded(folder, more);
    return deployFleetOf(settings, document, "tusker.tsk");
  });
}

function loaded(folder: string, more: Readonly<Record<string, string>> = {}) {
  const environment = Object.keys(more).some((path) => path.startsWith("environment/"))
    ? "production"
    : undefined;
  const { settings, document, diagnostics } = loadFleet(join(folder, "tusker.tsk"), { env: {}, environment });
  assert.ok(settings !== undefined, JSON.stringify(diagnostics));
  return { settings, document };
}

/** Calls `use` with a folder that holds these files. */
function inFolder<T>(files: Readonly<Record<string, string>>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "tusker-deploy-"));
  try {
    for (const [path, text] of Object.entries({ "user.mjs": "", "pay.mjs": "", ...files })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The variables that stand for the secrets of a configuration, by their keys. */
function variables(configuration: DeployValue | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (value: unknown, key: string): void => {
    if (value instanceof SecretReference) found[key] = value.variable;
    else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value)) visit(inner, name);
  };
  visit(configuration, "");
  return found;
}

const shop = `
[fleet]
name: "shop"
[services]
user-service: { run: "node user.mjs", port: 8081, grpc_port: 9190, version: "1.2.3" }
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
  assert.deepEqual([user?.port, user?.grpcPort, user?.version], [8081, 9190, "1.2.3"]);
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

test("the gateway is told its sections and the containers' addresses, and nothing of the services", () => {
  const { settings } = read(
    `${shop}
[routes]
"/users/*": { service: "user-service", timeout: "5s" }
[tracing]
zipkin_endpoint: "http://localhost:9411/api/v2/spans"
jaeger_endpoint: "https://jaeger.example/api/traces"
`,
    { "environment/production.tsk": '[gateway]\nrate_limit_enabled: true\nbind: "127.0.0.1"\n' },
  ).gateway;
  assert.partialDeepStrictEqual(settings, {
    fleet: "shop",
    gateway: { port: 8088, rate_limit_enabled: true, bind: "0.0.0.0" },
    routes: { "/users/*": { service: "user-service", timeout: "5s" } },
    tracing: { jaeger_endpoint: "https://jaeger.example/api/traces" },
    registry: { url: "http://registry:8500" },
    otlp: "http://collector:4318",
  });
  assert.doesNotMatch(JSON.stringify(settings), /localhost|127\.0\.0\.1|sk_test|PAY_KEY|api_key/);
});

test("without discovery the gateway knows the services by the names of their containers", () => {
  const { settings } = read(`${shop}[service_discovery]\nenabled: false\n`).gateway;
  assert.partialDeepStrictEqual(settings, {
    registry: null,
    endpoints: [
      { service: "user-service", id: "user-service-001", host: "user-service", port: 8081 },
      { service: "pay-service", id: "pay-service-001", host: "pay-service", port: 8082 },
    ],
  });
});

test("services are not sent to localhost with their spans either", () => {
  const fleet = read(
    `${shop}[tracing]\nsampling_rate: 0.5\nzipkin_endpoint: "http://127.0.0.1:9411/api/v2/spans"\n`,
  );
  for (const { configuration } of fleet.services) {
    assert.partialDeepStrictEqual(configuration, { tracing: { sampling_rate: 0.5 } });
    assert.doesNotMatch(JSON.stringify(configuration), /9411/);
  }
});

test("the overlay that was merged is known, and a name without one is not", () => {
  assert.equal(
    read(shop, { "environment/production.tsk": "[gateway]\nretries: 0\n" }).environment,
    "production",
  );
  assert.equal(read(shop).environment, undefined);
});

test("a secret is the variable the file reads where it is that alone, else it is named after its place", () => {
  const config = `{
    direct: @env.secure("A_KEY", "sk_1")
    plain: @env.secure("B_KEY", "sk_2")
    through: $key
    joined: "Bearer \${$key}"
    sum: @env.secure("D_KEY", "sk_4") + "x"
  }`;
  const text = `$key: @env.secure("C_KEY", "sk_3") # comment
[services]
user-service: { run: "node user.mjs", port: 8081, config: ${config} }
`;
  assert.deepEqual(variables(read(text).services[0]?.configuration), {
    direct: "A_KEY",
    plain: "B_KEY",
    through: "C_KEY",
    joined: "USER_SERVICE_JOINED",
    sum: "USER_SERVICE_SUM",
  });
});

test("whoever deploys hears what the image lacks, and where spans will not go", () => {
  const about = (files: Readonly<Record<string, string>>) =>
    inFolder({ "tusker.tsk": shop, ...files }, (folder) => deployNotices(loaded(folder).settings));
  const withTusker = '{ "dependencies": { "tusker": "1.0.0" } }';
  assert.match(about({})[0] ?? "", /no package\.json/);
  assert.match(about({ "package.json": withTusker })[0] ?? "", /no package-lock\.json/);
  assert.match(
    about({ "package.json": "{}", "package-lock.json": "{}" })[0] ?? "",
    /does not depend on tusker/,
  );
  assert.deepEqual(about({ "package.json": withTusker, "package-lock.json": "{}" }), []);
  const traced = `${shop}[tracing]
zipkin_endpoint: "http://localhost:9411/api/v2/spans"
otlp_endpoint: "https://otel.example"
`;
  const notices = about({ "tusker.tsk": traced, "package.json": withTusker, "package-lock.json": "" });
  assert.equal(notices.length, 2);
  assert.match(notices[0] ?? "", /stay in the container collector.*otlp_endpoint https:\/\/otel\.example/);
  assert.match(notices[1] ?? "", /zipkin_endpoint .* is left out/);
});

test("whoever deploys hears that a registry somewhere else is not used", () => {
  const about = (url: string) =>
    inFolder(
      {
        "tusker.tsk": `${shop}[service_discovery]\nregistry_url: "${url}"\n`,
        "package.json": '{ "dependencies": { "tusker": "1.0.0" } }',
        "package-lock.json": "{}",
      },
      (folder) => deployNotices(loaded(folder).settings),
    );
  assert.deepEqual(about("http://localhost:8500"), []);
  for (const url of ["http://consul.example:8500", "etcd://127.0.0.1:2379"])
    assert.match(about(url)[0] ?? "", new RegExp(`not service_discovery.registry_url ${url}`));
});
