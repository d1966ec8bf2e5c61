import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Secret } from "../../kernel/index.ts";
import { childEnvironment, inherited } from "../child-config.ts";
import { type LoadedFleet, type LoadFleetOptions, loadFleet } from "./load.ts";
import { instanceId } from "./settings.ts";

function folder(files: Readonly<Record<string, string>>) {
  const path = mkdtempSync(join(tmpdir(), "tusker-load-"));
  for (const [name, text] of Object.entries({ "a.js": "", ...files })) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return {
    path,
    load: (options: LoadFleetOptions = {}): LoadedFleet =>
      loadFleet(join(path, "tusker.tsk"), { env: {}, ...options }),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

const codes = (loaded: LoadedFleet): readonly string[] => loaded.diagnostics.map((one) => one.code);

test("a service keeps what the file says of it: id, version, port, health_endpoint, dependencies, config", () => {
  using at = folder({
    "tusker.tsk": `[services]
b: { run: "node a.js" }
a: {
  id: "a-7", version: "2.1.0", run: "node a.js", port: 8081, health_endpoint: "/up"
  dependencies: ["b", "database"]
  config: { database: { host: "db" } }
}
`,
  });
  const { settings } = at.load();
  const [, a] = settings?.services ?? [];
  assert.ok(a !== undefined);
  assert.deepEqual([a.name, a.id, a.version, a.port, a.health_endpoint], ["a", "a-7", "2.1.0", 8081, "/up"]);
  assert.deepEqual([a.needs, a.needsExternals], [["b"], ["database"]]);
  assert.deepEqual(a.config, { database: { host: "db" } });
  assert.deepEqual([instanceId(a, 0), instanceId(a, 1)], ["a-7", "a-002"]);
});

test("a service is not called as a part of Tusker, whose words could not be told from its own", () => {
  using at = folder({
    "tusker.tsk": '[services]\ngateway: { run: "node a.js" }\ntusker: { port: 1 }\ngateways: { port: 2 }\n',
  });
  const found = at.load().diagnostics.map(({ code, message }) => [code, message]);
  const why = 'must not be "gateway" or "tusker": so parts of Tusker are called in logs, traces and commands';
  assert.deepEqual(found, [
    ["FLEET_INVALID", `the name "gateway" ${why}`],
    ["FLEET_INVALID", `the name "tusker" ${why}`],
  ]);
});

test("gRPC ports count up from [grpc] port in the order of the file, and vanish when gRPC is off", () => {
  const file = `[services]\nb: { run: "node a.js" }\na: { run: "node a.js" }\nc: { run: "node a.js", grpc_port: 7000 }\n`;
  using on = folder({ "tusker.tsk": `${file}[grpc]\nport: 9090\n` });
  assert.deepEqual(
    on.load().settings?.services.map((one) => one.grpcPort),
    [9090, 9091, 7000],
  );
  using off = folder({ "tusker.tsk": `${file}[grpc]\nenabled: false\n` });
  assert.deepEqual(
    off.load().settings?.services.map((one) => one.grpcPort),
    [undefined, undefined, undefined],
  );
});

test("layers: base, environment, service, local, variables, --set, each over the one before", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { v: "base", keep: "base", list: [1, 2] } }\n[gateway]\ntimeout: "1s"\n`,
    "environment/staging.tsk": `[services]\na: { config: { v: "environment", list: [3] } }\n`,
    "config/services/a.tsk": `v: "service"\nextra: { deep: true }\n`,
    "tusker.local.tsk": `[services]\na: { config: { v: "local" } }\n`,
  });
  const config = (options: LoadFleetOptions): unknown => at.load(options).settings?.services[0]?.config;
  const rest = { keep: "base", extra: { deep: true } };
  assert.deepEqual(config({}), { ...rest, v: "local", list: [1, 2] });
  assert.deepEqual(config({ environment: "staging" }), { ...rest, v: "local", list: [3] });
  assert.deepEqual(config({ env: { TUSKER__SERVICES__A__CONFIG__V: "variable" } }), {
    ...rest,
    v: "variable",
    list: [1, 2],
  });
  assert.deepEqual(
    config({ env: { TUSKER__SERVICES__A__CONFIG__V: "variable" }, sets: ["services.a.config.v=set"] }),
    { ...rest, v: "set", list: [1, 2] },
  );
  const origins = at.load({ environment: "staging" }).document.origin(["services", "a", "config", "v"]);
  assert.deepEqual(
    origins.map((one) => one.layer),
    ["local", "service", "environment", "base"],
  );
});

test("the environment is TUSKER_ENV, else APP_ENV where it has an overlay, else development", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n`,
    "environment/ci.tsk": "[gateway]\nport: 1234\n",
  });
  const seen = (env: Readonly<Record<string, string>>): unknown => {
    const { settings } = at.load({ env });
    return [settings?.environment, settings?.sections.gateway.port];
  };
  assert.deepEqual(seen({}), ["development", 8080]);
  assert.deepEqual(seen({ APP_ENV: "ci" }), ["ci", 1234]);
  assert.deepEqual(seen({ APP_ENV: "nothing" }), ["nothing", 8080]);
  assert.deepEqual(seen({ APP_ENV: "nothing", TUSKER_ENV: "ci" }), ["ci", 1234]);
});

test("text from a variable becomes the number or truth value its section wants", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n[gateway]\nport: @env("GATE")\nrate_limit_enabled: @env("LIMIT")\n`,
  });
  const { settings } = at.load({ env: { GATE: "1234", LIMIT: "true" } });
  assert.deepEqual(
    [settings?.sections.gateway.port, settings?.sections.gateway.rate_limit_enabled],
    [1234, true],
  );
  const versioned = at.load({ env: { GATE: "1", LIMIT: "true" }, sets: ["services.a.version=2"] });
  assert.equal(versioned.settings?.services[0]?.version, "2", "and the other way round");
  assert.deepEqual(codes(at.load({ env: { GATE: "12x", LIMIT: "true" } })), ["FLEET_INVALID"]);
});

test("a service that a route names in any way must be there, unless the gateway has fixed addresses for it", () => {
  using at = folder({
    "tusker.tsk": `[services]
users: { run: "node a.js", port: 1 }
[gateway]
timeout: "5s"
connect_timeout: "6s"
upstreams: { legacy: { endpoints: ["127.0.0.1:9"] }, usres: { adaptive: true } }
[routes]
"/a": { service: "legacy", fallback_service: "users" }
"/b": [{ service: "users", method: "GET", mirror: { service: "copy" } }, { services: { users: 1, canary: 1 }, method: "PUT" }]
"/c": { service: "users", fallback_service: "spare", try_timeout: "9s" }
`,
  });
  const found = at
    .load()
    .diagnostics.map(
      ({ code, message }) => `${code} ${/leads to "([^"]+)"/.exec(message)?.[1] ?? message.slice(0, 40)}`,
    );
  assert.deepEqual(found.sort(), [
    "FLEET_INVALID connect_timeout is longer than the timeo",
    'FLEET_INVALID try_timeout of the route "/c" is longer ',
    "FLEET_UNKNOWN_SERVICE canary",
    "FLEET_UNKNOWN_SERVICE copy",
    "FLEET_UNKNOWN_SERVICE spare",
    "FLEET_UNKNOWN_SERVICE usres",
  ]);
});

test("a dependency that is nearly a service is a slip; any other unknown one is an external", () => {
  using slip = folder({
    "tusker.tsk": `[services]\nuser-service: { run: "node a.js" }\nb: { run: "node a.js", dependencies: ["user-servce"] }\n`,
  });
  assert.deepEqual(codes(slip.load()), ["FLEET_UNKNOWN_SERVICE"]);
  using external = folder({
    "tusker.tsk": `[services]\nb: { run: "node a.js", dependencies: ["database", "cache-service"] }\n[externals]\ncache-service: { address: "localhost:6379" }\n`,
  });
  assert.deepEqual(external.load().settings?.services[0]?.needsExternals, ["database", "cache-service"]);
});

test("a problem in one form of a route is told for that form, not for both", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n[routes]\n"/x": { service: "a", timout: "1s" }\n"/y": [{ service: "a", method: "GET" }, { service: "a", method: 5 }]\n`,
  });
  const { diagnostics } = at.load();
  assert.deepEqual(
    diagnostics.map((one) => `${one.line} ${one.code}`),
    ["4 FLEET_UNKNOWN_KEY", "5 FLEET_INVALID"],
  );
  assert.match(diagnostics[0]?.help ?? "", /timeout/);
});

test("a value that has none of the forms it may have is told which those are", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n[routes]\n"/x": "a"\n"/y": { service: "a", method: 5 }\n`,
  });
  assert.deepEqual(
    at.load().diagnostics.map((one) => one.message),
    [
      'routes."/x" must be a block { … } or a list [ … ], found text "a"',
      'routes."/y".method must be an HTTP method such as "GET" or a list [ … ], found 5',
    ],
  );
});

test("a wrong path of a route is told at the path, beside whatever else is wrong", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n[routes]\n"/a/{id": { service: "a" }\n"/b": { service: "a", timeout: 10 }\n`,
  });
  const { diagnostics } = at.load();
  assert.deepEqual(
    diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`),
    ["4:1 FLEET_INVALID", "5:32 FLEET_INVALID"],
  );
  assert.doesNotMatch(diagnostics[0]?.message ?? "", /found a block/);
  assert.match(diagnostics[1]?.message ?? "", /duration/);
});

test("a process gets its own secrets in plain text in a file only its owner may read, and nobody else's", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { key: @env.secure("KEY"), nested: [{ again: @env.secure("KEY") }] } }\nb: { run: "node a.js", config: { key: @env.secure("OTHER") } }\n[fleet]\ndata_dir: "data"\n`,
  });
  const { settings } = at.load({ env: { KEY: "k1", OTHER: "k2" } });
  const [a] = settings?.services ?? [];
  assert.ok(settings !== undefined && a !== undefined);
  assert.ok(a.config.key instanceof Secret);
  const env = childEnvironment(
    settings,
    a,
    { instance: "a-001", port: 1, grpcPort: 2, published: {} },
    { registry: "http://127.0.0.1:8500", otlp: "http://127.0.0.1:4318" },
  );
  assert.equal(env.CONSUL_HTTP_ADDR, "127.0.0.1:8500");
  assert.equal(env.OTEL_SERVICE_NAME, "a");
  assert.equal(env.OTEL_EXPORTER_OTLP_ENDPOINT, "http://127.0.0.1:4318");
  assert.deepEqual(
    [env.PORT, env.TUSKER_SERVICE, env.TUSKER_INSTANCE, env.TUSKER_REGISTRY_URL],
    ["1", "a", "a-001", "http://127.0.0.1:8500"],
  );
  const file = env.TUSKER_CONFIG_FILE ?? "";
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, "utf8");
  const written = JSON.parse(text) as { service: { config: unknown } };
  assert.deepEqual(written.service.config, { key: "k1", nested: [{ again: "k1" }] });
  assert.doesNotMatch(text, /k2/);
});

test("what was published lies over the file's configuration, which stays known beside it", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { pool: { size: 5, idle: 1 }, name: "x" } }\n`,
  });
  const { settings } = at.load();
  const [a] = settings?.services ?? [];
  assert.ok(settings !== undefined && a !== undefined);
  const published = { pool: { size: 9 } };
  const child = { instance: "a-001", port: 1, grpcPort: undefined, published };
  const env = childEnvironment(settings, a, child, { registry: undefined, otlp: undefined });
  const text = readFileSync(env.TUSKER_CONFIG_FILE ?? "", "utf8");
  const { service } = JSON.parse(text) as { service: Record<string, unknown> };
  assert.deepEqual(service.config, { pool: { size: 9, idle: 1 }, name: "x" });
  assert.deepEqual(service.fileConfig, { pool: { size: 5, idle: 1 }, name: "x" });
  assert.deepEqual(service.published, published);
});

test("a variable with another service's secret does not reach a process, its own and the harmless ones do", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { key: @env.secure("TUSKER_TEST_A") } }\nb: { run: "node a.js", env: { KEY: @env.secure("TUSKER_TEST_B") } }\n`,
  });
  const variables = {
    TUSKER_TEST_A: "secret-of-a",
    TUSKER_TEST_B: "b",
    TUSKER_TEST_C: "secret-of-a",
    TUSKER__GATEWAY__PORT: "1",
  };
  const { settings } = at.load({ env: variables });
  const [a, b] = settings?.services ?? [];
  assert.ok(settings !== undefined && a !== undefined && b !== undefined);
  Object.assign(process.env, variables);
  try {
    const names = (service: typeof a): string[] =>
      Object.keys(
        childEnvironment(
          settings,
          service,
          { instance: "x-001", port: 1, grpcPort: undefined, published: {} },
          { registry: undefined, otlp: undefined },
        ),
      ).filter((name) => name in variables || name === "KEY");
    // C has the same text by chance, and nobody made a secret of it.
    assert.deepEqual(names(a).sort(), ["TUSKER_TEST_A", "TUSKER_TEST_C"]);
    assert.deepEqual(
      Object.keys(inherited(settings)).filter((name) => name in variables),
      ["TUSKER_TEST_C"],
      "the gateway owns none",
    );
    assert.deepEqual(names(b).sort(), ["KEY", "TUSKER_TEST_B", "TUSKER_TEST_C"]);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
});

test("a variable with a token of the registry reaches no process: what one may do there is its own token's to say", () => {
  const tokens = 'acl: { tokens: { ops: { secret: @env.secure("TUSKER_TEST_OPS"), management: true } } }';
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js" }\n[service_discovery]\ntoken: @env.secure("TUSKER_TEST_OWN")\n${tokens}\n`,
  });
  const variables = { TUSKER_TEST_OPS: "may-do-everything", TUSKER_TEST_OWN: "may-register" };
  const { settings, diagnostics } = at.load({ env: variables });
  assert.ok(settings !== undefined, JSON.stringify(diagnostics));
  Object.assign(process.env, variables);
  try {
    for (const child of [inherited(settings), inherited(settings, "a")])
      assert.deepEqual(
        Object.keys(child).filter((name) => name in variables),
        [],
      );
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
});

test("a port that a default takes already is told where somebody wrote it", () => {
  using at = folder({
    "tusker.tsk": `[services]
a: { run: "node a.js", port: 8080 }
b: { run: "node a.js", port: 9090 }
c: { run: "node a.js", port: 8500, grpc_port: 4318 }
d: { port: 9400 }
e: { run: "node a.js", grpc_port: 0 }
`,
  });
  assert.deepEqual(
    at
      .load()
      .diagnostics.map(
        ({ line, severity, message }) => `${line} ${severity} ${/twice: by (.*)/.exec(message)?.[1]}`,
      ),
    [
      "2 error gateway.port (its default) and by services.a.port",
      "4 error service_discovery.registry_url (its default) and by services.c.port",
      "4 error collector.otlp_port (its default) and by services.c.grpc_port",
    ],
  );
  using off = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", port: 8500, grpc_port: 4318 }\n[gateway]\nport: 8600\n[service_discovery]\nenabled: false\n[tracing]\nenabled: false\n`,
  });
  assert.deepEqual(codes(off.load()), []);
});

test("ports for gRPC are counted past those that others use", () => {
  using at = folder({
    "tusker.tsk": `[services]
a: { run: "node a.js" }
b: { run: "node a.js", grpc_port: 9500 }
c: { run: "node a.js", port: 9398 }
d: { run: "node a.js" }
e: { run: "node a.js" }
f: { port: 9403 }
[grpc]
port: 9397
`,
  });
  const { settings, diagnostics } = at.load();
  assert.deepEqual(
    settings?.services.map(({ grpcPort }) => grpcPort),
    // 9398 is that of c, 9400 that of the dashboard, 9403 of a service that runs elsewhere on this machine.
    [9397, 9500, 9399, 9401, 9402, 9404],
    JSON.stringify(diagnostics),
  );
});

test("a fleet of 400 services leaves the ports of the platform alone, and past the last port the system chooses", () => {
  const services = Array.from({ length: 400 }, (_, n) => `s${n}: { run: "node a.js" }`).join("\n");
  const portsOf = (grpc: string): number[] => {
    using at = folder({ "tusker.tsk": `[services]\n${services}\n${grpc}` });
    return (at.load().settings?.services ?? []).map(({ grpcPort }) => grpcPort ?? -1);
  };
  const usual = portsOf("");
  assert.equal(new Set(usual).size, 400);
  assert.deepEqual([usual.includes(9400), usual.includes(9411), usual.at(-1)], [false, false, 9491]);
  assert.deepEqual(portsOf("[grpc]\nport: 65534\n").slice(0, 3), [65534, 65535, 0]);
});

test("an external's port is one that can be asked", () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node a.js", dependencies: ["db"] }\n[externals]\ndb: { address: "localhost:70000" }\n`,
  });
  assert.deepEqual(
    at.load().diagnostics.map(({ line, message }) => `${line} ${message}`),
    ['4 externals.db.address must have a port of at most 65535, found text "localhost:70000"'],
  );
});

test("a path to try is one that a route names in full, unless the file says another", () => {
  const services = `[services]\na: { run: "node a.js" }\n`;
  const get = `{ service: "a", method: "GET" }`;
  using none = folder({ "tusker.tsk": `${services}[routes]\n"/a/*": ${get}\n"/b/{id}": ${get}\n` });
  assert.equal(none.load().settings?.tryPath, undefined);
  using one = folder({
    "tusker.tsk": `${services}[routes]\n"/a/*": ${get}\n"/c": { service: "a", method: "POST" }\n"/d": ${get}\n`,
  });
  assert.equal(one.load().settings?.tryPath, "/d");
  assert.equal(one.load({ sets: ["fleet.try=/a/1"] }).settings?.tryPath, "/a/1");
});

test("without discovery every service needs a fixed port", () => {
  const off = "[service_discovery]\nenabled: false\n[services]\n";
  using free = folder({
    "tusker.tsk": `${off}a: { run: "node a.js" }\nb: { run: "node a.js", port: 8081 }\nc: "c-1:8082"\n`,
  });
  assert.deepEqual(
    free.load().diagnostics.map((one) => `${one.code} ${one.line}`),
    ["FLEET_REQUIRED 4"],
  );
});
