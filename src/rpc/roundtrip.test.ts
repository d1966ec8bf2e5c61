import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { type Endpoint, staticDiscovery } from "../discovery/index.ts";
import { manualClock, seededRandom, systemClock, TuskerError } from "../kernel/index.ts";
import { createLogger, createTracer, currentSpan, ratioSampler, type SpanData } from "../telemetry/index.ts";
import { client } from "./client.ts";
import { contract, type Protocol } from "./contract.ts";
import { fail, isFault } from "./fault.ts";
import type { Parts } from "./runtime.ts";
import { apiCommunicationSection, grpcSection } from "./section.ts";
import { type Handlers, type Serving, serve } from "./serve.ts";

const User = z.object({
  id: z.string(),
  name: z.string(),
  age: z.int().optional(),
  tags: z.array(z.string()),
});
const Users = contract("user-service", {
  getUser: {
    http: "GET /users/{id}",
    in: z.object({ id: z.string() }),
    out: User,
    errors: { NOT_FOUND: 404, BUSY: 503 },
  },
  createUser: {
    http: "POST /users",
    in: z.object({ name: z.string().min(2), age: z.int().default(7), tags: z.array(z.string()).default([]) }),
    out: User,
    status: 201,
  },
  search: {
    http: "GET /search",
    in: z.object({
      limit: z.int().default(10),
      all: z.boolean().optional(),
      tag: z.array(z.string()).optional(),
    }),
    out: z.object({ seen: z.string() }),
  },
});
const Front = contract("front-service", {
  show: { http: "GET /show/{id}", in: z.object({ id: z.string() }), out: User, errors: { NOT_FOUND: 410 } },
  slow: { http: "GET /slow", in: z.object({}), out: z.object({ left: z.number() }) },
});

const spans: SpanData[] = [];
const lines: string[] = [];
const tracer = (service: string): Parts["tracer"] =>
  createTracer({
    service,
    sampler: ratioSampler(1),
    sink: { accept: (span) => spans.push(span) },
    clock: systemClock,
  });
const parts = (service: string, more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: tracer(service),
  log: createLogger({ service, write: (line) => lines.push(line), clock: systemClock }),
  random: seededRandom(1),
  lockFile: undefined,
  discovery: undefined,
  ...more,
});
const users: Handlers<typeof Users> = {
  getUser: ({ id }) => {
    if (id === "9") throw fail(Users.getUser, "NOT_FOUND", `no user ${id}`, { id, tries: 3 });
    if (id === "boom") throw new Error("secret database password");
    if (id === "wrong") return { id: 3 } as unknown as z.infer<typeof User>;
    return { id, name: "Ada é 漢", tags: ["a", ""], password: "never sent" };
  },
  createUser: ({ name, age, tags }) => ({ id: "1", name, age, tags }),
  search: ({ limit, all, tag }) => ({ seen: JSON.stringify([limit, all ?? null, tag ?? null]) }),
};

const serveUsers = (more: Partial<Parts> = {}): Promise<Serving> =>
  serve(Users, users, { port: 0, grpcPort: 0, parts: parts("user-service", more) });
const urlOf = (server: Serving, protocol: Protocol): string =>
  `http://127.0.0.1:${protocol === "grpc" ? server.grpcPort : server.port}`;
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

for (const protocol of ["rest", "grpc"] as const) {
  test(`${protocol}: a call gives the typed answer, without fields the contract does not name`, async () => {
    await using server = await serveUsers();
    await using api = client(Users, { protocol, url: urlOf(server, protocol), parts: parts("test") });
    assert.deepEqual(await api.getUser({ id: "a/b?c" }), { id: "a/b?c", name: "Ada é 漢", tags: ["a", ""] });
    assert.deepEqual(await api.createUser({ name: "Bo" }), { id: "1", name: "Bo", age: 7, tags: [] });
    assert.deepEqual(await api.search({ all: false, tag: ["x", "y"] }), { seen: '[10,false,["x","y"]]' });
    assert.deepEqual(await api.search({ limit: 0 }), { seen: "[0,null,null]" });
  });

  test(`${protocol}: a declared error arrives as that error with its details`, async () => {
    await using server = await serveUsers();
    await using api = client(Users, { protocol, url: urlOf(server, protocol), parts: parts("test") });
    const error = await failureOf(api.getUser({ id: "9" }));
    assert.equal(isFault(error, Users.getUser, "NOT_FOUND"), true);
    assert.equal(error.message, "no user 9");
    assert.deepEqual(error.details, { id: "9", tries: 3 });
  });

  test(`${protocol}: an input that does not fit names the field`, async () => {
    await using server = await serveUsers();
    await using api = client(Users, { protocol, url: urlOf(server, protocol), parts: parts("test") });
    const error = await failureOf(api.createUser({ name: "B" }));
    assert.equal(error.code, "RPC_INVALID_INPUT");
    const problems = error.details.problems as { path: string }[];
    assert.deepEqual(
      problems.map((problem) => problem.path),
      ["name"],
    );
  });

  test(`${protocol}: what breaks inside a handler stays inside`, async () => {
    await using server = await serveUsers();
    await using api = client(Users, { protocol, url: urlOf(server, protocol), parts: parts("test") });
    const error = await failureOf(api.getUser({ id: "boom" }));
    assert.equal(error.code, "RPC_HANDLER_FAILED");
    assert.equal(JSON.stringify([error.message, error.details]).includes("password"), false);
    assert.equal((await failureOf(api.getUser({ id: "wrong" }))).code, "RPC_INVALID_OUTPUT");
  });

  test(`${protocol}: one trace runs from caller to callee with true parents`, async () => {
    await using server = await serveUsers();
    await using front = await serve(
      Front,
      {
        show: async ({ id }) => api.getUser({ id }),
        slow: () => ({ left: currentSpan() === undefined ? 0 : 1 }),
      },
      { port: 0, grpcPort: 0, parts: parts("front-service") },
    );
    await using api = client(Users, {
      protocol,
      url: urlOf(server, protocol),
      parts: parts("front-service"),
    });
    await using outer = client(Front, { protocol, url: urlOf(front, protocol), parts: parts("test") });
    spans.length = 0;
    await outer.show({ id: "5" });
    const [callee, inner, middle, first] = spans;
    assert.deepEqual(
      [callee, inner, middle, first].map((span) => [span?.resource.service, span?.kind]),
      [
        ["user-service", "server"],
        ["front-service", "client"],
        ["front-service", "server"],
        ["test", "client"],
      ],
    );
    assert.equal(callee?.parentSpanId, inner?.spanId);
    assert.equal(inner?.parentSpanId, middle?.spanId);
    assert.equal(middle?.parentSpanId, first?.spanId);
    assert.equal(first?.parentSpanId, undefined);
    assert.equal(new Set(spans.map((span) => span.traceId)).size, 1);
  });

  test(`${protocol}: a fault from behind is not passed off as our own`, async () => {
    await using server = await serveUsers();
    await using front = await serve(
      Front,
      { show: async ({ id }) => api.getUser({ id }), slow: () => ({ left: 0 }) },
      { port: 0, grpcPort: 0, parts: parts("front-service") },
    );
    await using api = client(Users, {
      protocol,
      url: urlOf(server, protocol),
      parts: parts("front-service"),
    });
    await using outer = client(Front, { protocol, url: urlOf(front, protocol), parts: parts("test") });
    const error = await failureOf(outer.show({ id: "9" }));
    assert.equal(isFault(error, Front.show), false);
    assert.equal(error.code, "RPC_REMOTE");
  });

  test(`${protocol}: the caller's deadline reaches the handler, shortened on the way`, async () => {
    const clock = manualClock();
    await using front = await serve(
      Front,
      {
        show: ({ id }) => ({ id, name: "x", tags: [] }),
        slow: (_input, ctx) => ({ left: (ctx.deadline ?? 0) - clock.now() }),
      },
      { port: 0, grpcPort: 0, parts: parts("front-service", { clock }) },
    );
    await using outer = client(Front, {
      protocol,
      url: urlOf(front, protocol),
      parts: parts("test", { clock }),
    });
    assert.equal((await outer.slow({}, { timeoutMs: 800 })).left, 250);
  });

  test(`${protocol}: a call that is late fails at its deadline and cancels the handler`, async () => {
    const clock = manualClock();
    const cancelled = Promise.withResolvers<string>();
    const running = Promise.withResolvers<void>();
    await using front = await serve(
      Front,
      {
        show: ({ id }) => ({ id, name: "x", tags: [] }),
        slow: (_input, ctx) => {
          ctx.signal.addEventListener("abort", () => cancelled.resolve(ctx.signal.reason.code));
          running.resolve();
          return new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", reject));
        },
      },
      { port: 0, grpcPort: 0, parts: parts("front-service") },
    );
    const calls = apiCommunicationSection.parse({ retry_attempts: 0 });
    await using outer = client(Front, {
      protocol,
      url: urlOf(front, protocol),
      parts: parts("test", { clock, calls }),
    });
    const call = failureOf(outer.slow({}, { timeoutMs: 5_000 }));
    await running.promise;
    clock.advance(5_000);
    assert.equal((await call).code, "RESILIENCE_DEADLINE");
    assert.equal(await cancelled.promise, "KERNEL_ABORTED");
  });
}

test("endpoints come from discovery: gRPC takes the port in meta, REST the plain one", async () => {
  await using server = await serveUsers();
  const endpoint = (meta: Endpoint["meta"]): Endpoint => ({
    id: "u1",
    service: "user-service",
    host: "127.0.0.1",
    port: server.port,
    meta,
    tags: [],
    weight: 1,
  });
  await using discovery = staticDiscovery([endpoint({ grpc_port: String(server.grpcPort) })]);
  const calls = apiCommunicationSection.parse({ retry_delay: "1ms" });
  for (const protocol of ["rest", "grpc"] as const) {
    await using api = client(Users, { protocol, parts: parts("test", { discovery, calls }) });
    assert.equal((await api.getUser({ id: "1" })).id, "1");
  }
  await using api = client(Users, { protocol: "grpc", parts: parts("test", { discovery, calls }) });
  discovery.set("user-service", [endpoint({})]);
  assert.equal((await failureOf(api.getUser({ id: "1" }))).code, "DISCOVERY_NO_ENDPOINT");
  discovery.set("user-service", [endpoint({ grpc_port: String(server.grpcPort) })]);
  assert.equal((await api.getUser({ id: "1" })).id, "1");
});

test("without registry and url the error says what to do", async () => {
  await using api = client(Users, { parts: parts("test") });
  const error = await failureOf(api.getUser({ id: "1" }));
  assert.equal(error.code, "DISCOVERY_NO_ENDPOINT");
  assert.match(error.message, /url|TUSKER_REGISTRY_URL/);
});

test("gRPC switched off is not served", async () => {
  await using server = await serveUsers({ grpc: grpcSection.parse({ enabled: false }) });
  assert.equal(server.grpcPort, undefined);
});

test("a call whose answer cannot be written still ends its span, as a failure", async () => {
  const Odd = contract("odd-service", {
    odd: { http: "POST /odd", in: z.object({}), out: z.object({ any: z.any() }) },
  });
  const sink: SpanData[] = [];
  const own = createTracer({
    service: "odd-service",
    sampler: ratioSampler(1),
    sink: { accept: (span) => sink.push(span) },
    clock: systemClock,
  });
  const any = { toJSON: () => assert.fail("not writable"), [Symbol.iterator]: () => assert.fail("nor this") };
  await using server = await serve(
    Odd,
    { odd: () => ({ any }) },
    { port: 0, grpcPort: 0, parts: parts("odd-service", { tracer: own }) },
  );
  for (const [protocol, port] of [
    ["rest", server.port],
    ["grpc", server.grpcPort],
  ] as const) {
    await using odd = client(Odd, {
      protocol,
      url: `http://127.0.0.1:${port}`,
      parts: parts("caller-service", { calls: apiCommunicationSection.parse({ retry_attempts: 0 }) }),
    });
    sink.length = 0;
    await assert.rejects(odd.odd({}), TuskerError, protocol);
    assert.deepEqual(
      sink.map((span) => span.status?.code),
      ["error"],
      protocol,
    );
  }
});
