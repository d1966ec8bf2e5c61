import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer as createTcp, type Socket } from "node:net";
import { test } from "node:test";
import { z } from "zod";
import { staticDiscovery } from "../../discovery/index.ts";
import { seededRandom, systemClock, TuskerError } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { client } from "../client.ts";
import { contract } from "../contract.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection } from "../section.ts";
import { serve } from "../serve.ts";

// What callers see when servers leave, with and without a word.

const Jobs = contract("job-service", {
  work: { http: "POST /work", in: z.object({ n: z.int() }), out: z.object({ n: z.int() }) },
});
const parts = (more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  calls: apiCommunicationSection.parse({ retry_delay: "1ms" }),
  discovery: undefined,
  lockFile: undefined,
  ...more,
});
const start = () =>
  serve(
    Jobs,
    {
      work: async ({ n }) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { n };
      },
    },
    { port: 0, grpcPort: 0, parts: parts() },
  );

test("instances that are replaced one after the other under load fail no call", async () => {
  const endpointOf = (server: { port: number; grpcPort: number | undefined }) => ({
    service: "job-service",
    id: `job-${server.port}`,
    host: "127.0.0.1",
    port: server.port,
    meta: { grpc_port: String(server.grpcPort) },
    tags: [],
    weight: 1,
  });
  let running = [await start(), await start()];
  const discovery = staticDiscovery(running.map(endpointOf));
  await using api = client(Jobs, { protocol: "grpc", parts: parts({ discovery }) });
  let stop = false;
  let answered = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (!stop) {
      try {
        await api.work({ n: answered++ });
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const workers = Array.from({ length: 16 }, worker);
  for (let round = 0; round < 4; round++) {
    const [old, kept] = running;
    const fresh = await start();
    assert.ok(old && kept);
    running = [kept, fresh];
    // The registry's way: the new one is announced, the old one taken out, then it drains.
    discovery.set("job-service", running.map(endpointOf));
    await old.drain(5_000);
    const before = answered;
    while (answered < before + 100) await new Promise((resolve) => setImmediate(resolve));
  }
  stop = true;
  await Promise.all(workers);
  assert.deepEqual(failures, []);
  assert.ok(answered > 400);
  for (const server of running) await server[Symbol.asyncDispose]();
});

test("a server that vanished without a word costs one call its deadline, and the next one is answered", async () => {
  await using server = await start();
  const sockets = new Set<Socket>();
  let connections = 0;
  let hole = false;
  // Passes bytes on, until the first connection becomes a black hole.
  const relay = createTcp((inner) => {
    const first = ++connections === 1;
    const outer = connectTcp(server.grpcPort ?? 0, "127.0.0.1");
    sockets.add(inner).add(outer);
    inner.on("error", () => outer.destroy()).on("close", () => outer.destroy());
    outer.on("error", () => inner.destroy()).on("close", () => inner.destroy());
    inner.on("data", (data) => (first && hole ? undefined : outer.write(data)));
    outer.on("data", (data) => (first && hole ? undefined : inner.write(data)));
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
  await using api = client(Jobs, { protocol: "grpc", url, parts: parts() });
  assert.deepEqual(await api.work({ n: 1 }), { n: 1 });
  hole = true;
  await assert.rejects(
    () => api.work({ n: 2 }, { timeoutMs: 100 }),
    (error) => error instanceof TuskerError && error.code === "RESILIENCE_DEADLINE",
  );
  assert.deepEqual(await api.work({ n: 3 }, { timeoutMs: 30_000 }), { n: 3 });
  assert.equal(connections, 2);
  for (const socket of sockets) socket.destroy();
  relay.close();
});
