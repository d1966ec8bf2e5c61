import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { z } from "zod";
import { seededRandom, systemClock, TuskerError } from "../../kernel/index.ts";
import { type Answer, http2Pool, type Server, serveHttp2 } from "../../net/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { client } from "../client.ts";
import { contract } from "../contract.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection, grpcSection } from "../section.ts";
import { type Serving, serve } from "../serve.ts";
import { frame } from "./frame.ts";

// Peers that answer, or ask, in ways no library would.

const Words = contract("word-service", {
  say: { http: "GET /say", in: z.object({ n: z.int().optional() }), out: z.object({ text: z.string() }) },
  spell: { stream: "out", in: z.object({ n: z.int() }), out: z.object({ text: z.string() }) },
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
  calls: apiCommunicationSection.parse({ retry_attempts: 0 }),
  discovery: undefined,
  lockFile: undefined,
  ...more,
});
const hello = Buffer.from("0a0568656c6c6f", "hex");
const grpcHeaders = ["content-type", "application/grpc"];
const ok = ["grpc-status", "0"];

async function askOf(
  answer: Answer,
  more: Partial<Parts> = {},
): Promise<string | { code: string; message: string }> {
  await using server: Server = await serveHttp2((exchange) => exchange.respond(answer), { port: 0 });
  await using api = client(Words, {
    protocol: "grpc",
    url: `http://127.0.0.1:${server.port}`,
    parts: parts(more),
  });
  try {
    return (await api.say({})).text;
  } catch (error) {
    if (error instanceof TuskerError) return { code: error.code, message: error.message };
    throw error;
  }
}
const codeOf = (said: string | { code: string }): string => (typeof said === "string" ? said : said.code);

test("a plain, a packed and an explicitly plain answer are read", async () => {
  const packed = Buffer.from(frame(gzipSync(hello)));
  packed[0] = 1;
  const answers: Answer[] = [
    { status: 200, headers: grpcHeaders, body: frame(hello), trailers: ok },
    { status: 200, headers: [...grpcHeaders, "grpc-encoding", "gzip"], body: packed, trailers: ok },
    { status: 200, headers: [...grpcHeaders, "grpc-encoding", "identity"], body: frame(hello), trailers: ok },
  ];
  for (const answer of answers) assert.equal(await askOf(answer), "hello");
});

test("an answer that grows beyond the limit is not read, packed or plain", async () => {
  const grpc = grpcSection.parse({ max_message_size: "1KiB" });
  const big = Buffer.concat([Buffer.from("0ad00f", "hex"), Buffer.alloc(2_000, "a")]);
  const packed = Buffer.from(frame(gzipSync(big)));
  packed[0] = 1;
  const plain = { status: 200, headers: grpcHeaders, body: frame(big), trailers: ok };
  const small = {
    status: 200,
    headers: [...grpcHeaders, "grpc-encoding", "gzip"],
    body: packed,
    trailers: ok,
  };
  assert.equal(codeOf(await askOf(plain, { grpc })), "NET_BODY_TOO_LARGE");
  assert.equal(codeOf(await askOf(small, { grpc })), "NET_BODY_TOO_LARGE");
  assert.equal((await askOf(plain)).toString().length, 2_000);
});

test("answers that are no gRPC are protocol errors that say what came", async () => {
  const cases: [string, Answer][] = [
    ["a web page", { status: 200, headers: ["content-type", "text/html"], body: "<html>" }],
    ["a 404 without status", { status: 404, body: "nope" }],
    ["a 503 without status", { status: 503 }],
    ["OK without a message", { status: 200, headers: grpcHeaders, body: "", trailers: ok }],
    [
      "two messages",
      { status: 200, headers: grpcHeaders, body: Buffer.concat([frame(hello), frame(hello)]), trailers: ok },
    ],
    ["a cut message", { status: 200, headers: grpcHeaders, body: frame(hello).subarray(0, 8), trailers: ok }],
    [
      "no protobuf",
      { status: 200, headers: grpcHeaders, body: frame(Buffer.from("ffff", "hex")), trailers: ok },
    ],
  ];
  for (const [name, answer] of cases) assert.equal(codeOf(await askOf(answer)), "RPC_PROTOCOL", name);
});

test("a status in the head counts, and an unknown one is told by number", async () => {
  const denied = await askOf({
    status: 200,
    headers: [...grpcHeaders, "grpc-status", "7", "grpc-message", "no%20way"],
  });
  assert.deepEqual(denied, {
    code: "RPC_REMOTE",
    message: "word-service.say answered PERMISSION_DENIED: no way",
  });
  const odd = await askOf({ status: 200, headers: [...grpcHeaders, "grpc-status", "77"] });
  assert.match(typeof odd === "string" ? odd : odd.message, /status 77/);
  const late = await askOf({ status: 200, headers: [...grpcHeaders, "grpc-status", "4"] });
  assert.equal(codeOf(late), "RESILIENCE_DEADLINE");
});

test("a stream of answers that breaks is told as what it is, after what came before", async () => {
  const cut = Buffer.concat([frame(hello), frame(hello).subarray(0, 8)]);
  const failed = [...grpcHeaders, "grpc-status", "7"];
  const cases: [string, Answer, string][] = [
    ["cut", { status: 200, headers: grpcHeaders, body: cut, trailers: ok }, "RPC_PROTOCOL"],
    [
      "no protobuf",
      { status: 200, headers: grpcHeaders, body: frame(Buffer.from("ff", "hex")), trailers: ok },
      "RPC_PROTOCOL",
    ],
    ["no trailers", { status: 200, headers: grpcHeaders, body: frame(hello) }, "RPC_PROTOCOL"],
    ["trailers only", { status: 200, headers: failed }, "RPC_REMOTE"],
    ["a 404", { status: 404, body: "nope" }, "RPC_PROTOCOL"],
  ];
  for (const [name, answer, code] of cases) {
    await using server = await serveHttp2((exchange) => exchange.respond(answer), { port: 0 });
    const url = `http://127.0.0.1:${server.port}`;
    await using api = client(Words, { protocol: "grpc", url, parts: parts() });
    const heard: string[] = [];
    const failure: unknown = await (async () => {
      for await (const { text } of api.spell({ n: 1 })) heard.push(text);
    })().catch((error: unknown) => error);
    assert.equal(failure instanceof TuskerError ? failure.code : "none", code, name);
    if (name === "cut") assert.deepEqual(heard, ["hello"]);
  }
});

test("a message that comes before a failure is not taken for an answer", async () => {
  const said = await askOf({
    status: 200,
    headers: grpcHeaders,
    body: frame(hello),
    trailers: ["grpc-status", "13"],
  });
  assert.equal(codeOf(said), "RPC_REMOTE");
});

const serveWords = (): Promise<Serving> =>
  serve(
    Words,
    {
      say: ({ n }) => ({ text: String(n) }),
      async *spell({ n }) {
        yield { text: String(n) };
      },
    },
    { port: 0, grpcPort: 0, parts: parts() },
  );
const statusOf = async (
  server: Serving,
  body: Uint8Array,
  more: string[] = [],
): Promise<string | undefined> => {
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  const answer = await pool.request({
    method: "POST",
    path: "/word_service.WordService/Say",
    headers: [...grpcHeaders, "te", "trailers", ...more],
    body,
  });
  await answer.bytes(100_000);
  return answer.header("grpc-status") ?? answer.trailers()[1];
};

test("requests that are broken get a status, each the right one", async () => {
  await using server = await serveWords();
  const cases: [string, Uint8Array, string[], string][] = [
    ["good", frame(Buffer.from("0807", "hex")), [], "0"],
    ["empty", new Uint8Array(), [], "13"],
    ["two messages", Buffer.concat([frame(hello), frame(hello)]), [], "13"],
    ["no protobuf", frame(Buffer.from("ff", "hex")), [], "3"],
    ["an int that is no int", frame(Buffer.from("08ffffffffffffffff7f", "hex")), [], "3"],
    ["snappy", frame(hello), ["grpc-encoding", "snappy"], "12"],
    ["no time left", frame(Buffer.from("0807", "hex")), ["grpc-timeout", "0n"], "4"],
  ];
  for (const timeout of ["", "1X", "-1S", "1.5S", "999999999S", "1S, 2S"])
    cases.push([`no time: "${timeout}"`, frame(Buffer.from("0807", "hex")), ["grpc-timeout", timeout], "13"]);
  for (const [name, body, headers, status] of cases)
    assert.equal(await statusOf(server, body, headers), status, name);
});

test("a call is a POST", async () => {
  await using server = await serveWords();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  for (const method of ["GET", "PUT"]) {
    const answer = await pool.request({
      method,
      path: "/word_service.WordService/Say",
      headers: grpcHeaders,
    });
    assert.deepEqual([answer.status, answer.header("allow")], [405, "POST"]);
    await answer.bytes(100);
  }
});

test("whatever bytes arrive, the server answers with a status and lives", async () => {
  await using server = await serveWords();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, framed) => {
      const status = await statusOf(server, framed ? frame(bytes) : bytes);
      assert.match(status ?? "none", /^(0|3|8|13)$/);
    }),
    { numRuns: 40 },
  );
  assert.equal(await statusOf(server, frame(Buffer.from("0807", "hex"))), "0");
});
