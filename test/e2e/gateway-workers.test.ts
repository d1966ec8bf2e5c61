/** Several threads of one gateway: one port, exact limits, one breaker, and one that dies is replaced. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runGateway } from "../../src/fleet/index.ts";
import { runWorkers } from "../../src/fleet/workers/workers.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type ServerExchange, serveHttp1 } from "../../src/net/index.ts";
import { createLogger } from "../../src/telemetry/index.ts";
import { until } from "../support/until.ts";

const skip = process.platform === "linux" ? false : "threads share a port on Linux only";

async function started(
  settings: object,
  answer: (exchange: ServerExchange) => Promise<void> = (exchange) =>
    exchange.respond({ status: 200, body: "ok" }),
) {
  const origin = await serveHttp1(answer, { port: 0 });
  const logs: string[] = [];
  const log = createLogger({ service: "gateway", clock: systemClock, write: (line) => logs.push(line) });
  const gateway = await runGateway(
    {
      fleet: "test",
      gateway: { port: 0, workers: 2, ...settings },
      routes: { "/*": { service: "origin" } },
      api_communication: {},
      tracing: { enabled: false },
      registry: null,
      otlp: null,
      endpoints: [{ service: "origin", id: "one", host: "127.0.0.1", port: origin.port }],
    },
    { clock: systemClock, random: systemRandom, log, access: log },
  );
  return {
    gateway,
    logs,
    url: `http://127.0.0.1:${gateway.port}/`,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** On a connection of its own, so that the kernel gives it to any of the threads. */
async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { connection: "close" } });
  await answer.text();
  return answer.status;
}

test("a rate limit over two threads admits exactly as many, and their metrics add up", { skip }, async () => {
  await using front = await started({
    rate_limit_enabled: true,
    rate_limit_requests: 20,
    rate_limit_window: "1h",
    admin_port: 0,
  });
  const statuses = await Promise.all(Array.from({ length: 60 }, () => statusOf(front.url)));
  assert.equal(statuses.filter((status) => status === 200).length, 20);
  assert.equal(statuses.filter((status) => status === 429).length, 40);
  // The operator's door is one, and tells of all threads.
  const admin = `http://127.0.0.1:${front.gateway.adminPort}/-`;
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const [service, ...none] = (await (await fetch(`${admin}/endpoints`)).json()) as {
    service: string;
    endpoints: unknown[];
  }[];
  assert.deepEqual([service?.service, service?.endpoints.length, none], ["origin", 1, []]);
  const [route] = (await (await fetch(`${admin}/routes`)).json()) as { path: string }[];
  assert.equal(route?.path, "/*");
  assert.equal((await fetch(`${admin}/ready`)).status, 200);
  assert.match(metrics, /^tusker_gateway_requests_total\{route="\/\*",method="GET",status="200"\} 20$/m);
  assert.match(metrics, /^tusker_gateway_rate_limited_total\{route="\/\*"\} 40$/m);
});

test("settings taken over reach all threads; what needs a restart is told", { skip }, async () => {
  await using front = await started({});
  const file = {
    fleet: "test",
    gateway: { port: 0, workers: 3 },
    routes: { "/only": { service: "origin" } },
    api_communication: {},
    tracing: { enabled: false },
    registry: null,
    otlp: null,
    endpoints: [],
  };
  assert.deepEqual(front.gateway.adopt(file), ["workers"]);
  await until("every thread to know the new routes", async () => {
    const statuses = await Promise.all(Array.from({ length: 12 }, () => statusOf(front.url)));
    return statuses.every((status) => status === 404) || undefined;
  });
  assert.equal(await statusOf(`${front.url}only`), 200);
  assert.throws(() => front.gateway.adopt({ fleet: "test" }));
  await front.gateway.drain({ requestsMs: 1_000, streamsMs: 1_000 });
  await assert.rejects(statusOf(front.url));
});

test("a thread that dies is replaced, and the port answers again", { skip }, async () => {
  await using origin = await serveHttp1((exchange) => exchange.respond({ status: 200, body: "ok" }), {
    port: 0,
  });
  const logs: string[] = [];
  const log = createLogger({ service: "gateway", clock: systemClock, write: (line) => logs.push(line) });
  const file = (path: string) => ({
    fleet: "test",
    gateway: { port: 0, workers: 2 },
    routes: { [path]: { service: "origin" } },
    api_communication: {},
    tracing: { enabled: false },
    registry: null,
    otlp: null,
    endpoints: [{ service: "origin", id: "one", host: "127.0.0.1", port: origin.port }],
  });
  await using gateway = await runWorkers(
    {
      threads: 2,
      grace: { requestsMs: 1_000, streamsMs: 1_000 },
      fileFor: (port) => ({ ...file("/*"), gateway: { port: port ?? 0, workers: 2 } }),
      // Nothing is held back here: what no thread can read ends it.
      check: () => [],
    },
    { clock: systemClock, random: systemRandom, log, access: log },
  );
  const url = `http://127.0.0.1:${gateway.port}/`;
  assert.equal(await statusOf(url), 200);
  const answered = /^tusker_gateway_requests_total\{route="\/\*",method="GET",status="200"\} 1$/m;
  assert.match(await gateway.metrics(), answered);
  gateway.adopt({ broken: true });
  gateway.adopt(file("/again"));
  const replaced = () => logs.filter((line) => line.includes("another one takes its place")).length === 2;
  await until("both threads to be replaced", () => replaced() || undefined);
  await until("the port to answer with the new routes", async () => {
    const status = await statusOf(`${url}again`).catch(() => 0);
    return status === 200 || undefined;
  });
  assert.match(await gateway.metrics(), answered, "what is counted is not forgotten with its thread");
});

test("a breaker is one over two threads: it opens for both, and one probe goes out", { skip }, async () => {
  const arrivedMs: number[] = [];
  const probe = Promise.withResolvers<void>();
  let mended = false;
  await using front = await started({ admin_port: 0 }, async (exchange) => {
    arrivedMs.push(systemClock.now());
    if (arrivedMs.length > 5 && !mended) await probe.promise;
    await exchange.respond({ status: mended ? 200 : 500 });
  });
  const asked = async (times: number): Promise<Set<number>> =>
    new Set(await Promise.all(Array.from({ length: times }, () => statusOf(front.url))));
  for (let i = 0; i < 5; i++) assert.equal(await statusOf(front.url), 500);
  const held: Promise<number>[] = [];
  await until("the probe to be under way", async () => {
    if (arrivedMs.length > 5) return true;
    held.push(statusOf(front.url));
    return undefined;
  });
  const pausedMs = (arrivedMs[5] ?? 0) - (arrivedMs[4] ?? 0);
  assert.ok(pausedMs >= 499, `asked ${pausedMs} ms after it opened`);
  assert.deepEqual(await asked(40), new Set([503]));
  assert.equal(arrivedMs.length, 6, "one probe, whatever thread the others came to");
  assert.deepEqual(await shown(front.gateway.adminPort), { breaker: "half-open", gauge: "1" });
  mended = true;
  probe.resolve();
  assert.equal((await Promise.all(held)).filter((status) => status === 200).length, 1);
  assert.deepEqual(await asked(40), new Set([200]));
  assert.deepEqual(await shown(front.gateway.adminPort), { breaker: "closed", gauge: "0" });
  const changes = front.logs.flatMap((line) => /breaker of one is ([a-z-]+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(changes, ["open", "half-open", "closed"], "each is told once");
});

/** The one breaker there is, as operators see it. */
async function shown(adminPort: number | undefined): Promise<{ breaker?: string; gauge?: string }> {
  const admin = `http://127.0.0.1:${adminPort}/-`;
  const services = (await (await fetch(`${admin}/endpoints`)).json()) as {
    endpoints: { breaker: string }[];
  }[];
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const breaker = services[0]?.endpoints[0]?.breaker;
  const gauge = /^tusker_gateway_breaker_state\{[^}]*\} (\d)$/m.exec(metrics)?.[1];
  return { ...(breaker === undefined ? {} : { breaker }), ...(gauge === undefined ? {} : { gauge }) };
}
