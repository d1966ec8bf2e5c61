import { strict as assert } from "node:assert";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { z } from "zod";
import { manualClock, seededRandom, systemClock, TuskerError } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { client } from "../client.ts";
import { contract, infoOf } from "../contract.ts";
import { fail, isFault } from "../fault.ts";
import { emptyLock } from "../proto/lock.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection, grpcSection } from "../section.ts";
import { type Handlers, type Serving, serve } from "../serve.ts";
import { bindGrpc } from "./binding.ts";

// A stock client and server of another implementation, with a definition built at run time, judge our wire.

const Item = z.object({ sku: z.string(), count: z.int(), price: z.number() });
const Echo = z.object({
  text: z.string(),
  whole: z.int(),
  real: z.number(),
  flag: z.boolean(),
  list: z.array(Item),
  numbers: z.array(z.int()),
  labels: z.record(z.string(), z.int()),
  maybe: z.string().optional(),
  nothing: z.string().nullable(),
  any: z.union([z.string(), z.number()]),
});
const Echoes = contract("echo-service", {
  echo: { http: "POST /echo", in: Echo, out: Echo, errors: { SO_NOT: 409 } },
});
const value: z.infer<typeof Echo> = {
  text: "Ada é 漢 😀",
  whole: -9_007_199_254_740_991,
  real: 0.1,
  flag: true,
  list: [
    { sku: "a", count: 0, price: 29.99 },
    { sku: "", count: 3, price: -0.5 },
  ],
  numbers: [0, 1, 300, -1],
  labels: { a: 1, "": 0 },
  nothing: null,
  any: 7,
};

const parts = (more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "echo-service",
    sampler: ratioSampler(1),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "test", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  lockFile: undefined,
  discovery: undefined,
  ...more,
});
const [binding] = bindGrpc(infoOf(Echoes), emptyLock).methods;
assert.ok(binding);
const definition: grpc.MethodDefinition<unknown, unknown> = {
  path: binding.path,
  requestStream: false,
  responseStream: false,
  requestSerialize: (message) => Buffer.from(binding.request.encode(message)),
  requestDeserialize: (bytes) => binding.request.decode(bytes),
  responseSerialize: (message) => Buffer.from(binding.response.encode(message)),
  responseDeserialize: (bytes) => binding.response.decode(bytes),
};

interface Called {
  readonly error: grpc.ServiceError | null;
  readonly value: unknown;
}
interface Stock extends Disposable {
  call(path: string, message: unknown, options?: grpc.CallOptions, metadata?: grpc.Metadata): Promise<Called>;
}
function stockClient(port: number | undefined, options: grpc.ClientOptions = {}): Stock {
  const stock = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
  return {
    call: (path, message, callOptions = {}, metadata = new grpc.Metadata()) =>
      new Promise((resolve) => {
        stock.makeUnaryRequest(
          path,
          definition.requestSerialize,
          definition.responseDeserialize,
          message,
          metadata,
          callOptions,
          (error, answer) => resolve({ error, value: answer }),
        );
      }),
    [Symbol.dispose]: () => stock.close(),
  };
}
const serveEcho = (
  echo: Handlers<typeof Echoes>["echo"] = (input) => input,
  more: Partial<Parts> = {},
): Promise<Serving> => serve(Echoes, { echo }, { port: 0, grpcPort: 0, parts: parts(more) });

test("a stock client gets back every kind of field", async () => {
  await using server = await serveEcho();
  using stock = stockClient(server.grpcPort);
  const { error, value: back } = await stock.call(definition.path, value);
  assert.equal(error, null);
  assert.deepEqual(back, value);
});

test("a stock client reads status, message and details of a declared error", async () => {
  await using server = await serveEcho(() => {
    throw fail(Echoes.echo, "SO_NOT", "nein: 100 % für\n漢", { a: [1, "b"] });
  });
  using stock = stockClient(server.grpcPort);
  const { error } = await stock.call(definition.path, value);
  assert.equal(error?.code, grpc.status.ALREADY_EXISTS);
  assert.equal(error?.details, "nein: 100 % für\n漢");
  const [details] = error?.metadata.get("grpc-status-details-bin") ?? [];
  assert.ok(
    Buffer.isBuffer(details) && details.includes("SO_NOT") && details.includes("google.rpc.ErrorInfo"),
  );
});

test("unknown methods and services are UNIMPLEMENTED", async () => {
  await using server = await serveEcho();
  using stock = stockClient(server.grpcPort);
  for (const path of ["/echo_service.EchoService/Nope", "/nope.Nope/Echo"]) {
    assert.equal((await stock.call(path, value)).error?.code, grpc.status.UNIMPLEMENTED);
  }
});

test("a gzip client is understood, also above the size at which it compresses", async () => {
  await using server = await serveEcho();
  using stock = stockClient(server.grpcPort, {
    "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
  });
  const long = { ...value, text: "x".repeat(100_000) };
  assert.deepEqual((await stock.call(definition.path, long)).value, long);
});

test("a compression nobody agreed on is UNIMPLEMENTED and the answer says what is", async () => {
  await using server = await serveEcho();
  using stock = stockClient(server.grpcPort, {
    "grpc.default_compression_algorithm": grpc.compressionAlgorithms.deflate,
  });
  const { error } = await stock.call(definition.path, { ...value, text: "x".repeat(10_000) });
  assert.equal(error?.code, grpc.status.UNIMPLEMENTED);
});

test("a message above the limit is refused, compressed or not", async () => {
  const settings = grpcSection.parse({ max_message_size: "64KiB" });
  await using server = await serveEcho((input) => input, { grpc: settings });
  for (const options of [{}, { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip }]) {
    using stock = stockClient(server.grpcPort, options);
    const { error } = await stock.call(definition.path, { ...value, text: "x".repeat(70_000) });
    assert.equal(error?.code, grpc.status.RESOURCE_EXHAUSTED);
  }
});

test("a stock client's deadline reaches the handler and ends the call", async () => {
  const clock = manualClock();
  const left = Promise.withResolvers<number>();
  await using server = await serveEcho(
    (input, ctx) => {
      left.resolve((ctx.deadline ?? 0) - clock.now());
      return input;
    },
    { clock },
  );
  using stock = stockClient(server.grpcPort);
  await stock.call(definition.path, value, { deadline: Date.now() + 5_000 });
  const ms = await left.promise;
  assert.ok(ms > 3_000 && ms <= 5_000, `${ms} ms`);
});

test("a call without a deadline gets the timeout of [grpc]", async () => {
  const clock = manualClock();
  const running = Promise.withResolvers<void>();
  await using server = await serveEcho(
    (input, ctx) => {
      running.resolve();
      return new Promise((resolve) => ctx.signal.addEventListener("abort", () => resolve(input)));
    },
    { clock, grpc: grpcSection.parse({ timeout: "7s" }) },
  );
  using stock = stockClient(server.grpcPort);
  const call = stock.call(definition.path, value);
  await running.promise;
  clock.advance(6_999);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(1);
  assert.equal((await call).error?.code, grpc.status.DEADLINE_EXCEEDED);
});

test("metadata of a stock client reaches the handler", async () => {
  const seen = Promise.withResolvers<string | undefined>();
  await using server = await serveEcho((input, ctx) => {
    seen.resolve(ctx.header("X-Tenant"));
    return input;
  });
  using stock = stockClient(server.grpcPort);
  const metadata = new grpc.Metadata();
  metadata.set("x-tenant", "blue");
  await stock.call(definition.path, value, {}, metadata);
  assert.equal(await seen.promise, "blue");
});

test("health is told for the server, for the service, and not for others", async () => {
  await using server = await serveEcho();
  const stock = new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
  const ask = (service: string): Promise<number | string> =>
    new Promise((resolve) => {
      const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
      stock.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        (error, answer) => resolve(error?.code ?? answer?.toString("hex") ?? ""),
      );
    });
  assert.equal(await ask(""), "0801");
  assert.equal(await ask("echo_service.EchoService"), "0801");
  assert.equal(await ask("other.Service"), grpc.status.NOT_FOUND);
  stock.close();
});

/** A stock server that answers our only method in its own way. */
async function stockServer(
  handle: grpc.handleUnaryCall<unknown, unknown>,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = new grpc.Server();
  server.addService({ echo: definition }, { echo: handle });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => server.forceShutdown() };
}
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

test("our client calls a stock server", async () => {
  await using server = await stockServer((call, answer) => answer(null, call.request));
  await using api = client(Echoes, { protocol: "grpc", url: server.url, parts: parts() });
  assert.deepEqual(await api.echo(value), value);
});

test("our client understands a stock server's status, message and trailers-only answer", async () => {
  await using server = await stockServer((_call, answer) =>
    answer({ code: grpc.status.PERMISSION_DENIED, details: "nö: 50 %" }),
  );
  await using api = client(Echoes, { protocol: "grpc", url: server.url, parts: parts() });
  const error = await failureOf(api.echo(value));
  assert.equal(error.code, "RPC_REMOTE");
  assert.equal(error.details.grpcStatus, "PERMISSION_DENIED");
  assert.match(error.message, /nö: 50 %$/);
});

test("a retry with an idempotency key reaches a stock server again after UNAVAILABLE", async () => {
  let calls = 0;
  const keys: unknown[] = [];
  await using server = await stockServer((call, answer) => {
    keys.push(call.metadata.get("idempotency-key")[0]);
    if (++calls < 3) answer({ code: grpc.status.UNAVAILABLE, details: "not yet" });
    else answer(null, call.request);
  });
  const settings = apiCommunicationSection.parse({ retry_delay: "1ms" });
  await using api = client(Echoes, { protocol: "grpc", url: server.url, parts: parts({ calls: settings }) });
  assert.equal((await failureOf(api.echo(value))).code, "RPC_REMOTE");
  assert.equal(calls, 1);
  calls = 0;
  assert.deepEqual(await api.echo(value, { idempotencyKey: "k1" }), value);
  assert.deepEqual(keys.slice(1), ["k1", "k1", "k1"]);
});

test("cancelling a call at our client cancels it at a stock server", async () => {
  const arrived = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  await using server = await stockServer((call) => {
    call.on("cancelled", () => cancelled.resolve());
    arrived.resolve();
  });
  await using api = client(Echoes, { protocol: "grpc", url: server.url, parts: parts() });
  const stop = new AbortController();
  const call = failureOf(api.echo(value, { signal: stop.signal }));
  await arrived.promise;
  stop.abort();
  assert.equal((await call).code, "KERNEL_ABORTED");
  await cancelled.promise;
});

test("isFault is told by the domain: another service's code of the same name is not ours", async () => {
  await using server = await serveEcho(() => {
    throw fail(Echoes.echo, "SO_NOT", "no");
  });
  const Others = contract("other-service", {
    echo: { http: "POST /echo", in: Echo, out: Echo, errors: { SO_NOT: 409 } },
  });
  await using ours = client(Echoes, {
    protocol: "grpc",
    url: `http://127.0.0.1:${server.grpcPort}`,
    parts: parts(),
  });
  await using other = client(Others, {
    protocol: "grpc",
    url: `http://127.0.0.1:${server.grpcPort}`,
    parts: parts(),
  });
  assert.equal(isFault(await failureOf(ours.echo(value)), Echoes.echo, "SO_NOT"), true);
  assert.equal(isFault(await failureOf(other.echo(value)), Others.echo), false);
});
