import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { headerOf, http2Pool, serveHttp2 } from "../../net/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { client } from "../client.ts";
import { contract } from "../contract.ts";
import type { Parts } from "../runtime.ts";
import { apiCommunicationSection, grpcSection } from "../section.ts";
import { serve } from "../serve.ts";
import { frame } from "./frame.ts";

// `compress_above`, seen from the other end of the wire.

const Text = z.object({ text: z.string() });
const Words = contract("word-service", {
  say: { http: "POST /say", in: Text, out: Text },
  talk: { stream: "both", in: Text, out: Text },
});
const parts = (compress_above?: string): Partial<Parts> => ({
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  calls: apiCommunicationSection.parse({ retry_attempts: 0 }),
  grpc: grpcSection.parse(compress_above === undefined ? {} : { compress_above }),
  discovery: undefined,
  lockFile: undefined,
});
const long = "x".repeat(5_000);

interface Seen {
  readonly encoding: string | undefined;
  readonly flags: readonly (number | undefined)[];
}

/** A server that writes down how messages come, says what it takes, and echoes them plain. */
async function recorder(accepts: string | undefined) {
  const seen: Seen[] = [];
  const server = await serveHttp2(
    async (exchange) => {
      const body = Buffer.from(await exchange.bytes(1_000_000));
      const flags: number[] = [];
      const plain: Uint8Array[] = [];
      for (let at = 0; at < body.length; ) {
        const end = at + 5 + body.readUInt32BE(at + 1);
        const message = body.subarray(at + 5, end);
        flags.push(body[at] ?? -1);
        plain.push(frame(body[at] === 1 ? gunzipSync(message) : message));
        at = end;
      }
      seen.push({ encoding: exchange.header("grpc-encoding"), flags });
      const said = accepts === undefined ? [] : ["grpc-accept-encoding", accepts];
      await exchange.respond({
        status: 200,
        headers: ["content-type", "application/grpc", ...said],
        body: Buffer.concat(plain),
        trailers: ["grpc-status", "0"],
      });
    },
    { port: 0 },
  );
  return {
    seen,
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test("requests are packed above the threshold once the service said that it takes gzip", async () => {
  await using peer = await recorder("identity, gzip");
  await using api = client(Words, { protocol: "grpc", url: peer.url, parts: parts("1KiB") });
  assert.deepEqual(await api.say({ text: long }), { text: long });
  assert.deepEqual(await api.say({ text: long }), { text: long });
  await api.say({ text: "short" });
  const answers: string[] = [];
  for await (const { text } of api.talk([{ text: long }, { text: "short" }])) answers.push(text);
  assert.deepEqual(answers, [long, "short"]);
  assert.deepEqual(peer.seen, [
    { encoding: undefined, flags: [0] },
    { encoding: "gzip", flags: [1] },
    { encoding: undefined, flags: [0] },
    { encoding: "gzip", flags: [1, 0] },
  ]);
});

test("requests stay plain for a service that takes no gzip, and without a threshold", async () => {
  for (const [accepts, threshold] of [
    ["identity", "1KiB"],
    [undefined, "1KiB"],
    ["gzip", undefined],
  ]) {
    await using peer = await recorder(accepts);
    await using api = client(Words, { protocol: "grpc", url: peer.url, parts: parts(threshold) });
    for (let i = 0; i < 2; i++) await api.say({ text: long });
    assert.deepEqual(
      peer.seen.map(({ flags }) => flags),
      [[0], [0]],
      `${accepts} ${threshold}`,
    );
  }
});

/** One call as bytes: the flags of the answer's messages, and what its head says. */
async function ask(port: number | undefined, accepts: string | undefined, method: string, body: Uint8Array) {
  await using pool = http2Pool(`http://127.0.0.1:${port}`);
  const answer = await pool.request({
    method: "POST",
    path: `/word_service.WordService/${method}`,
    headers: [
      ...["content-type", "application/grpc", "te", "trailers"],
      ...(accepts === undefined ? [] : ["grpc-accept-encoding", accepts]),
    ],
    body,
  });
  const bytes = Buffer.from(await answer.bytes(1_000_000));
  const flags: (number | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) flags.push(bytes[at]);
  return { flags, encoding: answer.header("grpc-encoding"), size: bytes.length };
}
const messageOf = (text: string): Uint8Array => {
  const bytes = Buffer.from(text);
  return frame(Buffer.concat([Buffer.from([0x0a, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes]));
};
const serveWords = (compressAbove?: string) =>
  serve(
    Words,
    {
      say: (input) => input,
      async *talk(inputs) {
        for await (const one of inputs) yield one;
      },
    },
    { port: 0, grpcPort: 0, parts: parts(compressAbove) },
  );

test("answers are packed above the threshold, for callers who take gzip", async () => {
  await using server = await serveWords("1KiB");
  const small = messageOf("y".repeat(200));
  const packed = await ask(server.grpcPort, "gzip,identity", "Say", messageOf(long));
  assert.deepEqual([packed.flags, packed.encoding], [[1], "gzip"]);
  assert.ok(packed.size < 500, `${packed.size} bytes`);
  assert.deepEqual((await ask(server.grpcPort, "gzip", "Say", small)).flags, [0]);
  const streamed = await ask(server.grpcPort, "gzip", "Talk", Buffer.concat([messageOf(long), small]));
  assert.deepEqual(streamed.flags, [1, 0]);
  for (const accepts of [undefined, "identity", "deflate"])
    assert.deepEqual((await ask(server.grpcPort, accepts, "Say", messageOf(long))).flags, [0], accepts);
});

test("without compress_above no answer is packed", async () => {
  await using server = await serveWords();
  assert.deepEqual((await ask(server.grpcPort, "gzip", "Say", messageOf(long))).flags, [0]);
});

test("an encoding nobody agreed on is UNIMPLEMENTED, and the answer says what is read", async () => {
  await using server = await serveWords();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  for (const method of ["Say", "Talk"]) {
    const answer = await pool.request({
      method: "POST",
      path: `/word_service.WordService/${method}`,
      headers: ["content-type", "application/grpc", "te", "trailers", "grpc-encoding", "br"],
      body: frame(gzipSync("x")),
    });
    await answer.bytes(1_000);
    assert.equal(answer.header("grpc-status"), "12");
    assert.equal(answer.header("grpc-accept-encoding"), "identity,gzip");
    assert.match(headerOf(answer.headers, "grpc-message") ?? "", /compressed with br/);
  }
});

test("a message that says it is packed but not how is INTERNAL", async () => {
  await using server = await serveWords();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  const body = Buffer.from(frame(gzipSync("x")));
  body[0] = 1;
  for (const encoding of [[], ["grpc-encoding", "identity"]]) {
    const answer = await pool.request({
      method: "POST",
      path: "/word_service.WordService/Say",
      headers: ["content-type", "application/grpc", "te", "trailers", ...encoding],
      body,
    });
    await answer.bytes(1_000);
    assert.equal(answer.header("grpc-status"), "13");
  }
});
