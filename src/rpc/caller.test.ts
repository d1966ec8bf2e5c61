import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { z } from "zod";
import { type Endpoint, type StaticDiscovery, staticDiscovery } from "../discovery/index.ts";
import { manualClock, seededRandom, systemClock, TuskerError } from "../kernel/index.ts";
import { type Server, type ServerExchange, serveHttp1 } from "../net/index.ts";
import { createLogger, createTracer, ratioSampler, type SpanData } from "../telemetry/index.ts";
import { client } from "./client.ts";
import { contract } from "./contract.ts";
import type { Parts } from "./runtime.ts";
import { apiCommunicationSection } from "./section.ts";

// Every key of [api_communication] acts on real sockets.

const Jobs = contract("job-service", {
  read: { http: "GET /job", in: z.object({}), out: z.object({ by: z.string() }) },
  write: { http: "POST /job", in: z.object({}), out: z.object({ by: z.string() }) },
});
const spans: SpanData[] = [];
const parts = (written: Readonly<Record<string, unknown>>, more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(1),
    sink: { accept: (span) => spans.push(span) },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  calls: apiCommunicationSection.parse({ retry_delay: "1ms", ...written }),
  discovery: undefined,
  lockFile: undefined,
  ...more,
});
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

interface Stub extends AsyncDisposable {
  readonly server: Server;
  readonly endpoint: Endpoint;
  readonly calls: ServerExchange[];
  answer: (exchange: ServerExchange) => Promise<void> | void;
}
async function stub(id: string, answer?: Stub["answer"]): Promise<Stub> {
  const calls: ServerExchange[] = [];
  const server = await serveHttp1(
    (exchange) => {
      calls.push(exchange);
      return made.answer(exchange);
    },
    { port: 0 },
  );
  const endpoint = {
    id,
    service: "job-service",
    host: "127.0.0.1",
    port: server.port,
    meta: {},
    tags: [],
    weight: 1,
  };
  const made: Stub = {
    server,
    endpoint,
    calls,
    answer: answer ?? ((exchange) => exchange.respond({ status: 200, body: JSON.stringify({ by: id }) })),
    [Symbol.asyncDispose]: () => server.drain(0),
  };
  return made;
}
const failing =
  (status: number, headers: string[] = []): Stub["answer"] =>
  (exchange) =>
    exchange.respond({ status, headers, body: "sorry" });
const found = (...stubs: Stub[]): StaticDiscovery => staticDiscovery(stubs.map(({ endpoint }) => endpoint));
const urlOf = ({ server }: Stub): string => `http://127.0.0.1:${server.port}`;

test("retry_attempts: a read is tried again, that often and no more", async () => {
  await using service = await stub("a", failing(503));
  for (const attempts of [0, 2]) {
    service.calls.length = 0;
    await using jobs = client(Jobs, {
      url: urlOf(service),
      parts: parts({ retry_attempts: attempts, circuit_breaker_enabled: false }),
    });
    const error = await failureOf(jobs.read({}));
    assert.deepEqual([error.code, error.details.status], ["RPC_REMOTE", 503]);
    assert.equal(service.calls.length, attempts + 1);
  }
});

test("a write is not repeated after a 503, unless it carries an idempotency key", async () => {
  await using service = await stub("a", failing(503));
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({ retry_attempts: 1 }) });
  await failureOf(jobs.write({}));
  assert.equal(service.calls.length, 1);
  await failureOf(jobs.write({}, { idempotencyKey: "k" }));
  assert.deepEqual(
    service.calls.map((call) => call.header("idempotency-key")),
    [undefined, "k", "k"],
  );
});

test("a service that passes on that another one is full may have acted: a write is not repeated", async () => {
  const problem = JSON.stringify({ code: "NET_OVERLOADED", detail: "the one behind is full" });
  await using service = await stub("a", (exchange) =>
    exchange.respond({ status: 503, headers: ["content-type", "application/problem+json"], body: problem }),
  );
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({ retry_attempts: 2 }) });
  await failureOf(jobs.write({}));
  assert.equal(service.calls.length, 1);
});

test("a write is repeated when it provably did not leave", async () => {
  await using gone = await stub("gone");
  await using there = await stub("there");
  await gone.server.drain(0);
  for (let i = 0; i < 6; i++) {
    await using jobs = client(Jobs, {
      parts: parts({}, { discovery: found(gone, there), random: seededRandom(i) }),
    });
    assert.deepEqual(await jobs.write({}), { by: "there" });
  }
});

test("a write whose connection broke after it was sent is not repeated", async () => {
  let connections = 0;
  const sockets = new Set<Socket>();
  const breaking = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => socket.destroy());
  });
  breaking.listen(0, "127.0.0.1");
  await once(breaking, "listening");
  const address = breaking.address();
  const port = typeof address === "object" ? address?.port : 0;
  await using jobs = client(Jobs, {
    url: `http://127.0.0.1:${port}`,
    parts: parts({ retry_attempts: 2, circuit_breaker_enabled: false }),
  });
  assert.equal((await failureOf(jobs.write({}))).code, "NET_RESET");
  assert.equal(connections, 1);
  assert.equal((await failureOf(jobs.read({}))).code, "NET_RESET");
  assert.equal(connections, 4);
  for (const socket of sockets) socket.destroy();
  breaking.close();
});

test("a repeat prefers an instance that was not asked yet", async () => {
  await using bad = await stub("bad", failing(503));
  await using good = await stub("good");
  for (let seed = 0; seed < 5; seed++) {
    await using jobs = client(Jobs, {
      parts: parts({ retry_attempts: 1 }, { discovery: found(bad, good), random: seededRandom(seed) }),
    });
    assert.deepEqual(await jobs.read({}), { by: "good" });
  }
});

test("timeout: the whole call ends at its time, and the callee is told how long it has", async () => {
  const clock = manualClock();
  await using service = await stub("a", () => clock.advance(60));
  await using jobs = client(Jobs, {
    url: urlOf(service),
    parts: parts({ timeout: "60ms", retry_attempts: 0 }, { clock }),
  });
  assert.equal((await failureOf(jobs.read({}))).code, "RESILIENCE_DEADLINE");
  assert.equal(service.calls[0]?.header("x-request-deadline"), "60");
});

test("retry_delay: repeats wait a random share of it, doubling", async () => {
  const waits: number[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
  await using service = await stub("a", failing(503));
  const settings = { retry_delay: "8s", retry_attempts: 3, timeout: "10m", circuit_breaker_enabled: false };
  const random = { next: () => 0.5, below: () => 0 };
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts(settings, { clock, random }) });
  await failureOf(jobs.read({}));
  assert.deepEqual(waits, [4_000, 8_000, 16_000]);
});

test("circuit_breaker_threshold: that many failures in a row stop calls from leaving", async () => {
  await using service = await stub("a", failing(500));
  await using jobs = client(Jobs, {
    url: urlOf(service),
    parts: parts({ circuit_breaker_threshold: 3, retry_attempts: 0 }),
  });
  for (let i = 0; i < 3; i++) await failureOf(jobs.read({}));
  const error = await failureOf(jobs.read({}));
  assert.deepEqual([error.code, error.details.service], ["RESILIENCE_BREAKER_OPEN", "job-service"]);
  assert.equal(service.calls.length, 3);
});

test("circuit_breaker_enabled: false keeps asking", async () => {
  await using service = await stub("a", failing(500));
  const settings = { circuit_breaker_enabled: false, circuit_breaker_threshold: 1, retry_attempts: 0 };
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts(settings) });
  for (let i = 0; i < 4; i++) await failureOf(jobs.read({}));
  assert.equal(service.calls.length, 4);
});

test("circuit_breaker_timeout: an open breaker probes again within it", async () => {
  const clock = manualClock();
  await using service = await stub("a", failing(500));
  const settings = { circuit_breaker_threshold: 1, circuit_breaker_timeout: "40ms", retry_attempts: 0 };
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts(settings, { clock }) });
  await failureOf(jobs.read({}));
  assert.equal((await failureOf(jobs.read({}))).code, "RESILIENCE_BREAKER_OPEN");
  service.answer = (exchange) => exchange.respond({ status: 200, body: '{"by":"a"}' });
  clock.advance(40);
  assert.deepEqual(await jobs.read({}), { by: "a" });
});

test("a client error says nothing against the service: its breaker stays closed", async () => {
  await using service = await stub("a", failing(404));
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({ circuit_breaker_threshold: 1 }) });
  for (let i = 0; i < 3; i++) await failureOf(jobs.read({}));
  assert.equal(service.calls.length, 3);
});

test("Retry-After of a 503 is kept to", async () => {
  await using service = await stub("a", failing(503, ["retry-after", "60"]));
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({ retry_attempts: 3 }) });
  await failureOf(jobs.read({}));
  assert.equal(service.calls.length, 1);
});

test("an instance that leaves the registry is no longer called, a new one is", async () => {
  await using one = await stub("one");
  await using two = await stub("two");
  const discovery = found(one);
  await using jobs = client(Jobs, { parts: parts({}, { discovery }) });
  assert.deepEqual(await jobs.read({}), { by: "one" });
  discovery.set("job-service", [two.endpoint]);
  assert.deepEqual(await jobs.read({}), { by: "two" });
  discovery.set("job-service", []);
  const error = await failureOf(jobs.read({}));
  assert.deepEqual([error.code, error.details.service], ["DISCOVERY_NO_ENDPOINT", "job-service"]);
});

test("an aborted caller stops the call on the wire", async () => {
  const gone = Promise.withResolvers<void>();
  const stop = new AbortController();
  await using service = await stub("a", (exchange) => {
    exchange.signal.addEventListener("abort", () => gone.resolve());
    stop.abort();
  });
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({}) });
  assert.equal((await failureOf(jobs.read({}, { signal: stop.signal }))).code, "KERNEL_ABORTED");
  await gone.promise;
  assert.equal((await failureOf(jobs.read({}, { signal: stop.signal }))).code, "KERNEL_ABORTED");
  assert.equal(service.calls.length, 1);
});

test("an answer the contract forbids is a protocol error that names the field", async () => {
  await using service = await stub("a", (exchange) => exchange.respond({ status: 200, body: '{"by":5}' }));
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({}) });
  const error = await failureOf(jobs.read({}));
  assert.equal(error.code, "RPC_PROTOCOL");
  assert.deepEqual((error.details.problems as { path: string }[])[0]?.path, "by");
});

test("a path in the url comes before those of the contract; own headers travel", async () => {
  await using service = await stub("a");
  await using jobs = client(Jobs, { url: `${urlOf(service)}/base/`, parts: parts({}) });
  await jobs.read({}, { headers: { "x-tenant": "blue" } });
  const [call] = service.calls;
  assert.deepEqual([call?.target, call?.header("x-tenant")], ["/base/job", "blue"]);
});

test("a header field that cannot be sent is the caller's fault: named, sent nowhere, blamed on nobody", async () => {
  await using service = await stub("a");
  for (const protocol of ["rest", "grpc"] as const) {
    await using jobs = client(Jobs, {
      protocol,
      url: urlOf(service),
      parts: parts({ circuit_breaker_threshold: 1 }),
    });
    for (const [name, text] of [
      ["x-user-name", "Łukasz"],
      ["x-a", "1\r\nx-b: 2"],
      ["x a", "1"],
      ["", "1"],
      [":path", "/other"],
      ["Connection", "close"],
      ["content-length", "0"],
      ["transfer-encoding", "chunked"],
      ["expect", "100-continue"],
    ] as const) {
      const error = await failureOf(jobs.read({}, { headers: { "x-fine": "1", [name]: text } }));
      assert.equal(error.code, "RPC_INVALID_INPUT", name);
      assert.deepEqual(
        (error.details.problems as { path: string }[]).map(({ path }) => path),
        [`headers.${name}`],
      );
      assert.equal(error.message.includes("Łukasz"), false);
    }
    const error = await failureOf(jobs.write({}, { idempotencyKey: "a\nb" }));
    assert.equal(error.code, "RPC_INVALID_INPUT");
  }
  assert.equal(service.calls.length, 0);
  await using jobs = client(Jobs, { url: urlOf(service), parts: parts({}) });
  await jobs.read({}, { headers: { "x-name": "Zoë\t!" } });
  assert.equal(service.calls[0]?.header("x-name"), "Zoë\t!");
});

test("tries and repeats are events of one client span", async () => {
  await using bad = await stub("bad", failing(503));
  await using good = await stub("good");
  spans.length = 0;
  for (let seed = 0; spans.every((span) => span.events.length < 3) && seed < 20; seed++) {
    await using jobs = client(Jobs, {
      parts: parts({ retry_attempts: 1 }, { discovery: found(bad, good), random: seededRandom(seed) }),
    });
    await jobs.read({});
  }
  const retried = spans.find((span) => span.events.length >= 3);
  assert.deepEqual(
    retried?.events.map((event) => event.name),
    ["try", "retry", "try"],
  );
  assert.equal(retried?.kind, "client");
});

test("a url that is none is refused when the client is made", () => {
  assert.throws(
    () => client(Jobs, { url: "job-service:80" }),
    (error) => error instanceof TuskerError && error.code === "RPC_CONTRACT",
  );
});
