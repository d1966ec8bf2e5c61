import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TuskerError } from "../kernel/index.ts";
import { httpClient, serveHttp1 } from "../net/index.ts";
import { readConfig } from "./config.ts";
import { Runtime } from "./runtime.ts";
import { apiCommunicationSection, grpcSection } from "./section.ts";

async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "tusker-runtime-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof TuskerError ? error.code : String(error);
  }
  return "fine";
};

// sections

test("the sections have the defaults of the fleet file, in milliseconds", () => {
  assert.deepEqual(grpcSection.parse({}), {
    enabled: true,
    engine: "tusker",
    web_origins: [],
    port: 9090,
    max_concurrent_streams: 100,
    max_connection_idle: 30_000,
    max_connection_age: 300_000,
    max_connection_age_grace: 10_000,
    timeout: 30_000,
    max_message_size: 4 * 1024 * 1024,
  });
  assert.deepEqual(apiCommunicationSection.parse({}), {
    timeout: 30_000,
    retry_attempts: 3,
    retry_delay: 1_000,
    circuit_breaker_enabled: true,
    circuit_breaker_threshold: 5,
    circuit_breaker_timeout: 60_000,
  });
});

test("unknown keys and values without sense are refused", () => {
  for (const wrong of [
    { prot: 1 },
    { port: -1 },
    { timeout: 30 },
    { timeout: "soon" },
    { max_concurrent_streams: 0 },
  ]) {
    assert.equal(grpcSection.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
  for (const wrong of [{ retries: 3 }, { retry_attempts: 1.5 }, { circuit_breaker_threshold: 0 }]) {
    assert.equal(apiCommunicationSection.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

// configuration

test("a process that nobody told anything has a default for everything", () => {
  const config = readConfig({});
  assert.deepEqual(
    [
      config.service,
      config.port,
      config.host,
      config.healthPath,
      config.registry,
      config.supervised,
      config.environment,
    ],
    [undefined, 0, "127.0.0.1", "/health", undefined, false, undefined],
  );
});

test("the supervisor's file is read, the environment wins over it", async () => {
  await using dir = await folder();
  const file = join(dir.path, "config.json");
  const written = {
    service: {
      name: "user-service",
      version: "1.2.3",
      instance: "user-service-001",
      port: 8081,
      grpcPort: null,
      healthEndpoint: "/up",
      config: { database: { port: 5432 } },
    },
    grpc: { timeout: "5s" },
    api_communication: { retry_attempts: 1 },
    tracing: { enabled: false, sampling_rate: 0.5 },
    registry: { url: "http://127.0.0.1:8500", token: "shown", updateInterval: "10s" },
    dataDir: "/data",
    lockFile: "/fleet/tusker.lock",
    environment: "staging",
    envelope: true,
    somethingNewer: 1,
  };
  await writeFile(file, JSON.stringify(written));
  const config = readConfig({ TUSKER_CONFIG_FILE: file, PORT: "9999", TUSKER_SERVICE: "user-service" });
  assert.deepEqual(
    [config.service, config.version, config.port, config.grpcPort],
    ["user-service", "1.2.3", 9999, 0],
  );
  assert.deepEqual([config.healthPath, config.envelope, config.supervised], ["/up", true, true]);
  assert.deepEqual(
    [config.grpc.timeout, config.calls.retry_attempts, config.tracing.enabled],
    [5_000, 1, false],
  );
  assert.equal(config.registry?.token?.reveal(), "shown");
  const registry = { url: "http://127.0.0.1:8500", updateIntervalMs: 10_000, token: "[secret]" };
  assert.deepEqual(JSON.parse(JSON.stringify(config.registry)), registry);
  assert.deepEqual(config.settings, { database: { port: 5432 } });
  assert.deepEqual([config.environment, config.lockFile], ["staging", "/fleet/tusker.lock"]);
});

test("a configuration that cannot be right is one clear error", async () => {
  await using dir = await folder();
  const file = join(dir.path, "config.json");
  await writeFile(file, '{"grpc":{"timeout":"soon"}}');
  assert.equal(
    codeOf(() => readConfig({ TUSKER_CONFIG_FILE: file })),
    "RPC_CONFIG",
  );
  assert.equal(
    codeOf(() => readConfig({ TUSKER_CONFIG_FILE: join(dir.path, "none") })),
    "RPC_CONFIG",
  );
  assert.equal(
    codeOf(() => readConfig({ PORT: "http" })),
    "RPC_CONFIG",
  );
  assert.equal(
    codeOf(() => readConfig({ PORT: "70000" })),
    "RPC_CONFIG",
  );
});

// a process of its own

const program = `
import { z } from "zod";
import { contract, dataFile, log, serve, settings } from "tusker/rpc";
const { greeting } = settings(z.object({ greeting: z.string().default("hello") }));
const Greeter = contract("greet-service", {
  greet: { http: "GET /greet", in: z.object({ slow: z.boolean().optional() }), out: z.object({ text: z.string() }) },
});
await serve(Greeter, {
  greet: async ({ slow }) => {
    if (slow) { console.log("SLOW"); await new Promise((resolve) => setTimeout(resolve, 150)); }
    return { text: greeting };
  },
});
log.info("data in " + dataFile("x.db"));
`;
interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown[]>;
  /** First line of output that contains the text. */
  line(text: string): Promise<string>;
}
async function run(dir: string, env: Readonly<Record<string, string>>, text = program): Promise<Child> {
  const file = join(dir, "service.ts");
  // The program lies outside the repository: it gets its packages by address.
  const source = text
    .replaceAll('"tusker/rpc"', JSON.stringify(import.meta.resolve("./index.ts")))
    .replaceAll('"zod"', JSON.stringify(import.meta.resolve("zod")));
  await writeFile(file, source);
  const { NODE_TEST_CONTEXT: _test, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--conditions=tusker-source", file], {
    cwd: dir,
    env: { ...inherited, NODE_COMPILE_CACHE: join(tmpdir(), "tusker-compile-cache"), ...env },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let output = "";
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const wake of waiting) wake();
  });
  const exited = once(child, "exit");
  const line = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = output.split("\n").find((one) => one.includes(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    process: child,
    exited,
    line,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
async function get(url: string): Promise<string> {
  await using http = httpClient();
  return (await http.request({ method: "GET", url })).text(10_000);
}

test("a supervised process reports where it answers, and drains when told: running calls end, then exit 0", async () => {
  await using dir = await folder();
  await writeFile(join(dir.path, "config.json"), '{"service":{"config":{"greeting":"moin"}}}');
  await using child = await run(dir.path, {
    TUSKER_SERVICE: "greet-service",
    TUSKER_CONFIG_FILE: join(dir.path, "config.json"),
    TUSKER_DATA_DIR: join(dir.path, "data"),
  });
  const [ready] = await once(child.process, "message");
  assert.deepEqual(
    [ready.type, ready.pid, ready.port > 0, ready.grpcPort > 0],
    ["tusker:ready", child.process.pid, true, true],
  );
  assert.equal(await get(`http://127.0.0.1:${ready.port}/greet`), '{"text":"moin"}');
  await child.line("x.db");
  assert.equal(existsSync(join(dir.path, "data")), true);
  const slow = get(`http://127.0.0.1:${ready.port}/greet?slow=true`);
  await child.line("SLOW");
  child.process.send({ type: "tusker:drain", graceMs: 5_000 });
  assert.equal(await slow, '{"text":"moin"}');
  assert.deepEqual(await child.exited, [0, null]);
});

test("a supervised process that gets a signal says that it leaves, and drains", async () => {
  await using dir = await folder();
  await using child = await run(dir.path, { TUSKER_SERVICE: "greet-service" });
  const [ready] = await once(child.process, "message");
  const slow = get(`http://127.0.0.1:${ready.port}/greet?slow=true`);
  await child.line("SLOW");
  const said = once(child.process, "message");
  child.process.kill("SIGTERM");
  assert.deepEqual(await said, [{ type: "tusker:leaving" }, undefined]);
  assert.equal(await slow, '{"text":"hello"}');
  assert.deepEqual(await child.exited, [0, null]);
});

test("a process whose supervisor dies ends by itself", async () => {
  await using dir = await folder();
  await using child = await run(dir.path, { TUSKER_SERVICE: "greet-service" });
  await once(child.process, "message");
  child.process.disconnect();
  assert.deepEqual(await child.exited, [0, null]);
});

test("a process whose supervisor died before it served ends by itself", { timeout: 20_000 }, async () => {
  await using dir = await folder();
  const orphan = `await new Promise((resolve) => process.once("disconnect", resolve));\nconsole.log("alone");${program}`;
  await using child = await run(dir.path, { TUSKER_SERVICE: "greet-service" }, orphan);
  child.process.disconnect();
  await child.line("alone");
  assert.deepEqual(await child.exited, [0, null]);
});

test("a process on its own says where it listens, reports to nobody and ends on SIGTERM", async () => {
  await using dir = await folder();
  await using child = await run(dir.path, {});
  child.process.on("message", () => assert.fail("nobody supervises"));
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(await child.line("greet-service listens"))?.[1];
  assert.equal(await get(`http://127.0.0.1:${port}/greet`), '{"text":"hello"}');
  child.process.kill("SIGTERM");
  assert.deepEqual(await child.exited, [0, null]);
});

test("settings that do not fit end the process with one clear error", async () => {
  await using dir = await folder();
  await writeFile(join(dir.path, "config.json"), '{"service":{"config":{"greeting":5}}}');
  const { NODE_TEST_CONTEXT: _test, ...env } = process.env;
  const script = `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
    import { settings } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
    try { settings(z.object({ greeting: z.string() })); } catch (error) { console.log(error.code, error.message); }`;
  const child = spawn(
    process.execPath,
    ["--conditions=tusker-source", "--input-type=module-typescript", "-e", script],
    {
      env: { ...env, TUSKER_CONFIG_FILE: join(dir.path, "config.json"), TUSKER_SERVICE: "greet-service" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  assert.match(output, /^RPC_CONFIG config of greet-service: greeting/);
});

const visitor = `
import { z } from "zod";
import { client, contract } from "tusker/rpc";
const Greeter = contract("greet-service", {
  greet: { http: "GET /greet", in: z.object({}), out: z.object({ text: z.string() }) },
});
{
  await using greeter = client(Greeter);
  console.log("GOT", (await greeter.greet({})).text);
}
`;

test("a script that disposes its client ends by itself, though the registry is never done", {
  timeout: 20_000,
}, async () => {
  await using dir = await folder();
  await using server = await serveHttp1(
    async (exchange) => {
      const { pathname, searchParams } = new URL(exchange.target, "http://registry");
      if (pathname === "/greet") return exchange.respond({ status: 200, body: '{"text":"hello"}' });
      if (pathname.startsWith("/v1/tusker/")) return exchange.respond({ status: 404 });
      if (searchParams.get("index") !== "0") await once(exchange.signal, "abort");
      const found = {
        Node: { Node: "n", Address: "127.0.0.1" },
        Service: { ID: "g", Service: "greet-service", Address: "127.0.0.1", Port: server.port },
      };
      return exchange.respond({
        status: 200,
        headers: ["X-Consul-Index", "7"],
        body: JSON.stringify([found]),
      });
    },
    { port: 0 },
  );
  await using child = await run(
    dir.path,
    { TUSKER_REGISTRY_URL: `http://127.0.0.1:${server.port}` },
    visitor,
  );
  await child.line("GOT hello");
  assert.deepEqual(await child.exited, [0, null]);
});

test("a process that nobody told its environment leaves the lock file alone and says how to write it", async () => {
  await using dir = await folder();
  const file = join(dir.path, "tusker.lock");
  const written = '{"version":1,"services":{}}';
  await writeFile(file, written);
  const said = program.replace(
    "await serve(",
    "process.on('uncaughtException', (error) => { console.log('FAILED', error.code, error.message); process.exit(1); });\nawait serve(",
  );
  await using silent = await run(dir.path, {}, said);
  assert.match(await silent.line("FAILED"), /RPC_LOCK .*TUSKER_ENV=development/);
  assert.deepEqual(await silent.exited, [1, null]);
  assert.equal(await readFile(file, "utf8"), written);
  await using told = await run(dir.path, { TUSKER_ENV: "development" });
  await told.line("greet-service listens");
  assert.match(await readFile(file, "utf8"), /greet-service/);
});

test("without a registry the addresses of the fleet file are where the services are", async () => {
  const file = {
    registry: null,
    endpoints: [{ service: "user-service", id: "u-1", host: "127.0.0.1", port: 8081, grpcPort: 9090 }],
  };
  await using dir = await folder();
  const path = join(dir.path, "config.json");
  await writeFile(path, JSON.stringify(file));
  await using runtime = new Runtime(readConfig({ TUSKER_CONFIG_FILE: path }), "order-service");
  const set = await runtime.discovery?.lookup("user-service");
  assert.deepEqual(
    set?.endpoints.map(({ id, port, meta }) => [id, port, meta]),
    [["u-1", 8081, { grpc_port: "9090" }]],
  );
  assert.deepEqual((await runtime.discovery?.lookup("order-service"))?.endpoints, []);
});
