import { strict as assert } from "node:assert";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { type ManualClock, manualClock, seededRandom, systemClock, TuskerError } from "../kernel/index.ts";
import { httpClient, type UrlRequest } from "../net/index.ts";
import { createLogger, createTracer, ratioSampler } from "../telemetry/index.ts";
import { contract } from "./contract.ts";
import type { Parts } from "./runtime.ts";
import { grpcSection } from "./section.ts";
import { type Handlers, type ServeOptions, type Serving, serve } from "./serve.ts";

const Things = contract("thing-service", {
  get: {
    http: "GET /things/{id}",
    in: z.object({ id: z.string(), big: z.boolean().optional() }),
    out: z.object({ id: z.string() }),
  },
  make: {
    http: "POST /things",
    in: z.object({ items: z.array(z.object({ sku: z.string(), count: z.int().min(1) })) }),
    out: z.object({ count: z.int() }),
    status: 201,
  },
});
const handlers: Handlers<typeof Things> = {
  get: ({ id }) => ({ id }),
  make: ({ items }) => ({ count: items.length }),
};
const parts = (more: Partial<Parts> = {}): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(1),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  lockFile: undefined,
  environment: "development",
  ...more,
});
const start = (options: ServeOptions = {}, more: Partial<Parts> = {}): Promise<Serving> =>
  serve(Things, handlers, { port: 0, grpcPort: 0, parts: parts(more), ...options });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "fine",
    (error: unknown) => (error instanceof TuskerError ? error.code : String(error)),
  );

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly code: string | undefined;
}
async function ask(
  server: Serving,
  method: string,
  path: string,
  more: Partial<UrlRequest> = {},
): Promise<Seen> {
  await using http = httpClient();
  const answer = await http.request({ method, url: `${server.url}${path}`, ...more });
  const body = await answer.text(1_000_000);
  const type = answer.header("content-type");
  const problem = type === "application/problem+json" ? JSON.parse(body) : {};
  return {
    status: answer.status,
    headers: { type, allow: answer.header("allow") },
    body,
    code: problem.code,
  };
}
const json = ["content-type", "application/json; charset=utf-8"];

test("REST answers with the status of the contract", async () => {
  await using server = await start();
  assert.equal((await ask(server, "GET", "/things/7")).body, '{"id":"7"}');
  const made = await ask(server, "POST", "/things", { headers: json, body: '{"items":[]}' });
  assert.deepEqual([made.status, made.headers.type, made.body], [201, "application/json", '{"count":0}']);
});

test("HEAD is GET without content, OPTIONS and a wrong verb say what is allowed", async () => {
  await using server = await start();
  assert.deepEqual(await ask(server, "HEAD", "/things/7").then(({ status, body }) => [status, body]), [
    200,
    "",
  ]);
  assert.deepEqual(
    await ask(server, "OPTIONS", "/things").then(({ status, headers }) => [status, headers.allow]),
    [204, "POST, OPTIONS"],
  );
  const wrong = await ask(server, "PUT", "/things/7");
  assert.deepEqual(
    [wrong.status, wrong.code, wrong.headers.allow],
    [405, "RPC_METHOD_NOT_ALLOWED", "GET, HEAD, OPTIONS"],
  );
});

test("what cannot be read is refused with the right status", async () => {
  await using server = await start();
  const post = (headers: string[], body: string): Promise<Seen> =>
    ask(server, "POST", "/things", { headers, body });
  const cases: [string, Promise<Seen>, number, string][] = [
    ["no such path", ask(server, "GET", "/nope"), 404, "RPC_NOT_FOUND"],
    ["broken escape", ask(server, "GET", "/things/%zz"), 400, "RPC_INVALID_INPUT"],
    ["not JSON", post(json, "{"), 400, "RPC_INVALID_INPUT"],
    ["a list", post(json, "[]"), 400, "RPC_INVALID_INPUT"],
    [
      "a form",
      post(["content-type", "application/x-www-form-urlencoded"], "a=1"),
      415,
      "RPC_UNSUPPORTED_MEDIA",
    ],
    ["no type", post([], "{}"), 415, "RPC_UNSUPPORTED_MEDIA"],
    ["packed", post([...json, "content-encoding", "br"], "{}"), 415, "RPC_UNSUPPORTED_MEDIA"],
    ["too large", post(json, `{"items":"${"x".repeat(5_000_000)}"}`), 413, "NET_BODY_TOO_LARGE"],
    ["wrong text in a query", ask(server, "GET", "/things/7?big=maybe"), 400, "RPC_INVALID_INPUT"],
  ];
  for (const [name, seen, status, code] of cases) {
    const { status: got, code: gotCode } = await seen;
    assert.deepEqual([got, gotCode], [status, code], name);
  }
});

test("every field that is wrong is named, lists by position", async () => {
  await using server = await start();
  const body = JSON.stringify({
    items: [
      { sku: "a", count: 1 },
      { sku: 5, count: 0 },
    ],
  });
  const seen = await ask(server, "POST", "/things", { headers: json, body });
  const { problems } = JSON.parse(seen.body).details;
  assert.deepEqual(
    problems.map((problem: { path: string }) => problem.path),
    ["items.1.sku", "items.1.count"],
  );
});

test("a problem carries the trace of its call", async () => {
  await using server = await start();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const seen = await ask(server, "POST", "/things", {
    headers: [...json, "traceparent", traceparent],
    body: "{}",
  });
  assert.equal(JSON.parse(seen.body).trace_id, "0af7651916cd43dd8448eb211c80319c");
});

test("the envelope is an option of the server", async () => {
  await using server = await start({ envelope: true });
  assert.equal(
    (await ask(server, "GET", "/things/7")).body,
    '{"success":true,"data":{"id":"7"},"error":null}',
  );
  const failed = await ask(server, "GET", "/nope");
  assert.deepEqual(
    [failed.status, JSON.parse(failed.body).success, JSON.parse(failed.body).error.code],
    [404, false, "RPC_NOT_FOUND"],
  );
});

test("a body that does not arrive uses the time of its call up, over REST and over gRPC", async () => {
  const clock = manualClock();
  await using server = await start({}, { clock, grpc: grpcSection.parse({ timeout: "5s" }) });
  const rest = connectTo(server.port, "127.0.0.1");
  const fields =
    "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\nX-Request-Deadline: 700";
  rest.write(`POST /things HTTP/1.1\r\n${fields}\r\n\r\n{"it`);
  const answers: string[] = [];
  rest.on("data", (chunk) => answers.push(String(chunk)));
  const session = await connected(server);
  const stream = session.request({
    ":method": "POST",
    ":path": "/thing_service.ThingService/Get",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  stream.on("response", (headers) => answers.push(`grpc-status ${headers["grpc-status"]}`));
  stream.write(Buffer.from([0, 0, 0, 0, 3]));
  while (answers.length < 2 && clock.now() < 20_000) {
    clock.advance(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(answers[0] ?? "", /^HTTP\/1\.1 504 .*RESILIENCE_DEADLINE/s);
  assert.equal(answers[1], "grpc-status 4");
  session.destroy();
  rest.destroy();
});

test("limits that clients meet are counted for the service, on both of its ports", async () => {
  await using server = await start();
  const { grpcPort = 0 } = server;
  const long = "x".repeat(9_000);
  assert.equal(server.metrics(), "");
  assert.equal((await ask(server, "GET", `/${long}`)).status, 414);
  assert.equal((await fetch(`http://127.0.0.1:${grpcPort}/${long}`)).status, 414);
  assert.match(
    server.metrics(),
    /^tusker_rpc_connection_limits_total\{service="[\w-]+",limit="target_bytes"\} 2$/m,
  );
  assert.match(server.metrics(), /^tusker_rpc_malformed_requests_total\{.*clause="targetTooLong"\} 2$/m);
});

test("health and OpenAPI are answered besides the methods, unless a method takes the path", async () => {
  await using server = await start();
  assert.equal((await ask(server, "GET", "/health")).body, '{"status":"ok","service":"thing-service"}');
  const { paths, openapi } = JSON.parse((await ask(server, "GET", "/openapi.json")).body);
  assert.deepEqual([openapi, Object.keys(paths)], ["3.1.0", ["/things/{id}", "/things"]]);
  const Own = contract("own-service", {
    health: { http: "GET /health", in: z.object({}), out: z.object({ mine: z.boolean() }) },
  });
  await using own = await serve(
    Own,
    { health: () => ({ mine: true }) },
    { port: 0, grpcPort: false, parts: parts() },
  );
  assert.equal((await ask(own, "GET", "/health")).body, '{"mine":true}');
});

test("a method without handler is found before a port is opened", async () => {
  const incomplete = { get: handlers.get } as unknown as typeof handlers;
  assert.equal(await codeOf(serve(Things, incomplete, { port: 0, parts: parts() })), "RPC_CONTRACT");
});

test("a taken gRPC port leaves no half-started service behind", async () => {
  await using server = await start();
  const free = await start();
  const restPort = free.port;
  await free[Symbol.asyncDispose]();
  assert.equal(await codeOf(start({ port: restPort, grpcPort: server.grpcPort ?? 0 })), "NET_PORT_TAKEN");
  await using again = await start({ port: restPort });
  assert.equal(again.port, restPort);
});

// [grpc]: each key acts on connections

async function connected(server: Serving): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${server.grpcPort}`);
  await once(session, "remoteSettings");
  await new Promise((resolve) => session.ping(resolve));
  return session;
}
const withGrpc = async (
  written: Parameters<typeof grpcSection.parse>[0],
): Promise<{ server: Serving; clock: ManualClock; session: ClientHttp2Session }> => {
  const clock = manualClock();
  const server = await start({}, { clock, grpc: grpcSection.parse(written) });
  return { server, clock, session: await connected(server) };
};

test("grpc.max_concurrent_streams is announced to clients", async () => {
  const { server, session } = await withGrpc({ max_concurrent_streams: 7 });
  assert.equal(session.remoteSettings.maxConcurrentStreams, 7);
  session.destroy();
  await server[Symbol.asyncDispose]();
});

test("grpc.max_connection_idle closes a connection without calls", async () => {
  const { server, clock, session } = await withGrpc({ max_connection_idle: "2s" });
  clock.advance(1_999);
  assert.equal(session.closed, false);
  clock.advance(1);
  await once(session, "close");
  await server[Symbol.asyncDispose]();
});

test("grpc.max_connection_age retires a connection within ten percent of its time", async () => {
  const { server, clock, session } = await withGrpc({ max_connection_age: "10s", max_connection_idle: "1h" });
  clock.advance(8_999);
  assert.equal(session.closed, false);
  clock.advance(2_001);
  await once(session, "close");
  await server[Symbol.asyncDispose]();
});

test("grpc.max_connection_age_grace ends calls that outlive a retired connection", async () => {
  const clock = manualClock();
  const running = Promise.withResolvers<void>();
  const grpc = grpcSection.parse({ max_connection_age: "1s", max_connection_age_grace: "3s", timeout: "1h" });
  await using server = await serve(
    Things,
    {
      ...handlers,
      get: (_input, ctx) => {
        running.resolve();
        return new Promise((resolve) => ctx.signal.addEventListener("abort", () => resolve({ id: "late" })));
      },
    },
    { port: 0, grpcPort: 0, parts: parts({ clock, grpc }) },
  );
  const session = await connected(server);
  const headers = {
    ":method": "POST",
    ":path": "/thing_service.ThingService/Get",
    "content-type": "application/grpc",
  };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.on("error", () => undefined);
  stream.end(Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x37]));
  await running.promise;
  clock.advance(1_100);
  await once(session, "goaway");
  assert.equal(stream.destroyed, false);
  clock.advance(3_000);
  await once(stream, "close");
  session.destroy();
});

test("only gRPC is answered on the gRPC port", async () => {
  await using server = await start();
  const session = await connected(server);
  const stream = session.request({
    ":method": "POST",
    ":path": "/thing_service.ThingService/Get",
    "content-type": "application/json",
  });
  stream.end("{}");
  const [headers] = await once(stream, "response");
  assert.equal(headers[":status"], 415);
  session.destroy();
});

// tusker.lock

test("in development new fields are written to the lock, elsewhere they are an error", async () => {
  const dir = await mkdtemp(join(tmpdir(), "tusker-serve-"));
  const lockFile = join(dir, "tusker.lock");
  assert.equal(await codeOf(start({}, { lockFile, environment: "production" })), "RPC_LOCK");
  await using server = await start({}, { lockFile, environment: "development" });
  assert.equal(server.name, "thing-service");
  const lock = JSON.parse(await readFile(lockFile, "utf8"));
  assert.deepEqual(lock.services["thing-service"].MakeRequest_Items, { sku: "1 string", count: "2 int64" });
  await using again = await start({}, { lockFile, environment: "production" });
  assert.equal(again.name, "thing-service");
  await rm(dir, { recursive: true });
});
