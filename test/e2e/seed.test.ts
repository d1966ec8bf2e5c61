import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadFleet } from "../../src/fleet/index.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { startRegistry } from "../../src/registry/index.ts";
import { root, type TestFleet, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

const seedFile = join(root, "test/e2e/seed/tusker.tsk");

test("the five blocks of the seed, as written, become exactly these settings", () => {
  const { settings, diagnostics } = loadFleet(seedFile, { env: {} });
  assert.deepEqual(diagnostics, []);
  assert.ok(settings !== undefined);
  const { service_discovery, grpc, api_communication, gateway, routes, tracing } = settings.sections;
  // Sections have more keys than the seed knew.
  assert.partialDeepStrictEqual(service_discovery, {
    enabled: true,
    registry_url: "http://localhost:8500",
    dns_port: 8_600,
    update_interval: 30_000,
  });
  assert.deepEqual(
    settings.services.map(({ name, id, port }) => [name, id, port]),
    [
      ["user-service", "user-service-001", 8081],
      ["order-service", "order-service-001", 8082],
      ["payment-service", "payment-service-001", 8083],
    ],
  );
  assert.equal(grpc.enabled, true);
  assert.deepEqual(
    [
      grpc.port,
      grpc.max_concurrent_streams,
      grpc.max_connection_idle,
      grpc.max_connection_age,
      grpc.max_connection_age_grace,
      grpc.timeout,
    ],
    [9090, 100, 30_000, 300_000, 10_000, 30_000],
  );
  assert.partialDeepStrictEqual(api_communication, {
    timeout: 30_000,
    retry_attempts: 3,
    retry_delay: 1_000,
    circuit_breaker_enabled: true,
    circuit_breaker_threshold: 5,
    circuit_breaker_timeout: 60_000,
  });
  assert.deepEqual(
    [
      gateway.port,
      gateway.timeout,
      gateway.max_connections,
      gateway.rate_limit_enabled,
      gateway.rate_limit_requests,
      gateway.rate_limit_window,
    ],
    [8080, 30_000, 1_000, true, 100, 60_000],
  );
  assert.deepEqual(
    Object.entries(routes).map(([path, [route]]) => [
      path,
      route?.service,
      route?.method,
      route?.timeout,
      route?.retries,
    ]),
    [
      ["/api/users/*", "user-service", ["GET"], 10_000, 3],
      ["/api/orders/*", "order-service", ["POST"], 30_000, 2],
      ["/api/payments/*", "payment-service", ["POST"], 15_000, 3],
    ],
  );
  assert.partialDeepStrictEqual(tracing, {
    enabled: true,
    sampling_rate: 1,
    max_trace_duration: 300_000,
    export_traces: true,
    jaeger_endpoint: "http://localhost:14268/api/traces",
    zipkin_endpoint: "http://localhost:9411/api/v2/spans",
  });
});

/** A fleet whose one service already runs: a server of this test. */
async function upWith(
  handler: (req: IncomingMessage, res: ServerResponse) => void,
  more: string,
): Promise<TestFleet & { readonly backend: Server }> {
  const backend = await listening(createServer(handler));
  const folder = mkdtempSync(join(tmpdir(), "tusker-seed-"));
  const file = join(folder, "tusker.tsk");
  writeFileSync(
    file,
    `[fleet]\nname: "seed"\n[services]\nuser-service: "user-service-001:${portOf(backend)}"\n[routes]\n"/api/users/*": { service: "user-service", method: "GET", retries: 0 }\n${more}`,
  );
  const fleet = await upFleet({ file });
  return {
    ...fleet,
    backend,
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]();
      backend.closeAllConnections();
      backend.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ok = (_req: IncomingMessage, res: ServerResponse): void => void res.end("ok");

test('a service in the form "id:port" is registered under that id and reached through its route', async () => {
  await using fleet = await upWith(ok, "");
  const ask = (): Promise<{ status: number }> => fetch(`${fleet.gateway}/api/users/123`);
  await until("the instance to be passing", async () => (await ask()).status === 200);
  const health = (await (await fetch(`${fleet.registry}/v1/health/service/user-service?passing`)).json()) as {
    Service: { ID: string; Port: number };
  }[];
  assert.deepEqual(
    health.map((one) => [one.Service.ID, one.Service.Port]),
    [["user-service-001", portOf(fleet.backend)]],
  );
});

test("request 101 of a minute is a 429 with Retry-After and both RateLimit fields", async () => {
  await using fleet = await upWith(
    ok,
    '[gateway]\nrate_limit_enabled: true\nrate_limit_requests: 100\nrate_limit_window: "1m"\n',
  );
  for (let i = 0; i < 100; i++) {
    const { status } = await fetch(`${fleet.gateway}/api/users/1`);
    assert.notEqual(status, 429, `request ${i + 1}`);
  }
  const refused = await fetch(`${fleet.gateway}/api/users/1`);
  assert.equal(refused.status, 429);
  assert.equal(((await refused.json()) as { code: string }).code, "GATEWAY_RATE_LIMITED");
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  assert.match(refused.headers.get("ratelimit-policy") ?? "", /q=100;w=60/);
  assert.match(refused.headers.get("ratelimit") ?? "", /r=0/);
});

test("a route's timeout ends a request with 504, and its method refuses others with 405 and Allow", async () => {
  await using fleet = await upWith(() => {}, '[gateway]\ntimeout: "1s"\n');
  await until(
    "the service to be passing",
    async () => (await fetch(`${fleet.gateway}/api/users/1`)).status === 504,
  );
  const wrong = await fetch(`${fleet.gateway}/api/users/1`, { method: "POST" });
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers.get("allow") ?? "", /GET/);
});

test("max_connections refuses the connection above it with 503", async () => {
  await using fleet = await upWith(ok, "[gateway]\nmax_connections: 2\n");
  const port = Number(new URL(fleet.gateway).port);
  const open = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  await Promise.all(open.map((socket) => once(socket, "connect")));
  const third = connect(port, "127.0.0.1");
  const [head] = (await once(third, "data")) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 503 /);
  for (const socket of [...open, third]) socket.destroy();
});

test("spans reach the Zipkin and the Jaeger that listen at the endpoints of the file, unless export_traces is off", async () => {
  const got: { readonly url: string; readonly type: string; readonly bytes: number }[] = [];
  const sink = await listening(
    createServer((req, res) => {
      let bytes = 0;
      req.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength;
      });
      req.on("end", () => {
        got.push({ url: req.url ?? "", type: req.headers["content-type"] ?? "", bytes });
        res.writeHead(202).end();
      });
    }),
  );
  const endpoints = `zipkin_endpoint: "http://localhost:${portOf(sink)}/api/v2/spans"\njaeger_endpoint: "http://localhost:${portOf(sink)}/api/traces"\n`;
  {
    await using fleet = await upWith(ok, `[tracing]\n${endpoints}`);
    await fetch(`${fleet.gateway}/api/users/1`);
    await until("spans at both endpoints", () => new Set(got.map((one) => one.url)).size === 2);
    const types = new Map(got.map((one) => [one.url, one.type]));
    assert.match(types.get("/api/v2/spans") ?? "", /json/);
    assert.match(types.get("/api/traces") ?? "", /thrift/);
    assert.ok(got.every((one) => one.bytes > 0));
  }
  got.length = 0;
  {
    await using fleet = await upWith(ok, `[tracing]\nexport_traces: false\n${endpoints}`);
    await fetch(`${fleet.gateway}/api/users/1`);
    await until("the trace to be in the local collector", async () => (await traceCount(fleet)) > 0);
  }
  assert.deepEqual(got, []);
  sink.close();
});

test("tracing that is off, or a sampling rate of 0, records nothing", async () => {
  for (const setting of ["sampling_rate: 0.0", "enabled: false"]) {
    await using fleet = await upWith(ok, `[tracing]\n${setting}\n`);
    const answer = await fetch(`${fleet.gateway}/api/users/1`);
    await answer.arrayBuffer();
    await fleet.stop();
    assert.ok(!fleet.told.some((line) => JSON.stringify(line).includes("spans are passed on")));
  }
  await using sampled = await upWith(ok, "[tracing]\nsampling_rate: 0.0\n");
  await fetch(`${sampled.gateway}/api/users/1`);
  await fetch(`${sampled.gateway}/api/users/1`, {
    headers: { traceparent: `00-${"ab".repeat(16)}-00f067aa0ba902b7-01` },
  });
  await until("the trace whose caller decided to sample", async () => (await traceCount(sampled)) > 0);
  assert.equal(await traceCount(sampled), 1);
});

test("a registry that answers at registry_url is used, and none is started", async () => {
  await using registry = await startRegistry({
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    random: systemRandom,
    log: { error() {}, info() {} },
  });
  const backend = await listening(createServer(ok));
  const folder = mkdtempSync(join(tmpdir(), "tusker-seed-"));
  const file = join(folder, "tusker.tsk");
  writeFileSync(
    file,
    `[service_discovery]\nregistry_url: "${registry.url}"\n[services]\nuser-service: "user-service-001:${portOf(backend)}"\n[gateway]\nport: 0\n[control]\nport: 0\n[collector]\notlp_port: 0\nzipkin_port: 0\njaeger_port: 0\n`,
  );
  {
    await using fleet = await upFleet({ file, freePorts: false });
    assert.equal(fleet.registry, registry.url);
    const services = (await (await fetch(`${registry.url}/v1/catalog/services`)).json()) as Record<
      string,
      unknown
    >;
    assert.ok("user-service" in services);
  }
  const after = (await (await fetch(`${registry.url}/v1/catalog/services`)).json()) as Record<
    string,
    unknown
  >;
  assert.ok(!("user-service" in after), "taken out again at the end");
  backend.close();
  rmSync(folder, { recursive: true });
});

test("with discovery off there is no registry, and the ports of the file are the endpoints", async () => {
  await using fleet = await upWith(ok, "[service_discovery]\nenabled: false\n");
  assert.equal(fleet.registry, "");
  assert.equal((await fetch(`${fleet.gateway}/api/users/1`)).status, 200);
});

test("every key of the seed stands in docs/reference/seed.md with a test that exists", () => {
  const page = readFileSync(join(root, "docs/reference/seed.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` \| .+ \| `([^`]+)`: (.+) \|$/gm)].map(
    ([, key = "", file = "", name = ""]) => ({ key, file, name }),
  );
  const keys = new Set(rows.map((row) => row.key));
  const wanted = readFileSync(seedFile, "utf8");
  let section = "";
  for (const line of wanted.split("\n")) {
    section = /^\[(\w+)\]/.exec(line)?.[1] ?? section;
    const key = /^([\w-]+): /.exec(line)?.[1];
    if (key === undefined) continue;
    const name =
      section === "services"
        ? "services.<name>"
        : section === "routes"
          ? `routes.<path>.${key}`
          : `${section}.${key}`;
    assert.ok(keys.has(name), `${name} has no row in docs/reference/seed.md`);
  }
  for (const { key, file, name } of rows) {
    assert.ok(existsSync(join(root, file)), `${key}: there is no ${file}`);
    const text = readFileSync(join(root, file), "utf8").replaceAll('\\"', '"');
    assert.ok(text.includes(name), `${key}: ${file} has no test "${name}"`);
  }
});

async function traceCount(fleet: TestFleet): Promise<number> {
  const { stdout, code } = await fleet.tusker("traces", "--json");
  return code === 0 ? (JSON.parse(stdout) as unknown[]).length : 0;
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}
