import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { contract } from "../contract.ts";
import { fail } from "../fault.ts";
import { grpcSection } from "../section.ts";
import { serve } from "../serve.ts";
import { frame } from "./frame.ts";

// gRPC-Web as a browser speaks it: fetch over HTTP/1.1, on the port of gRPC.

const Words = contract("word-service", {
  say: {
    http: "POST /say",
    in: z.object({ text: z.string() }),
    out: z.object({ text: z.string() }),
    errors: { NO: 403 },
  },
  count: { stream: "out", in: z.object({ text: z.string() }), out: z.object({ text: z.string() }) },
});
const parts = {
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  discovery: undefined,
  lockFile: undefined,
};
const serveWords = (origins: readonly string[] = [], engine: "tusker" | "node" = "tusker") =>
  serve(
    Words,
    {
      say({ text }) {
        if (text === "no") throw fail(Words.say, "NO", "never");
        return { text };
      },
      async *count({ text }) {
        for (const letter of text) yield { text: letter };
      },
    },
    { port: 0, grpcPort: 0, parts: { ...parts, grpc: grpcSection.parse({ web_origins: origins, engine }) } },
  );
/** Field 1 with a short text. */
const message = (text: string): Uint8Array =>
  frame(Buffer.concat([Buffer.from([0x0a, text.length]), Buffer.from(text)]));
const ask = async (
  port: number | undefined,
  method: string,
  kind: string,
  body: Uint8Array | string,
  more: Readonly<Record<string, string>> = {},
) => {
  const answer = await fetch(`http://127.0.0.1:${port}/word_service.WordService/${method}`, {
    method: "POST",
    headers: { "content-type": `application/${kind}`, "x-grpc-web": "1", ...more },
    body,
  });
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
};

test("a binary call is answered with its message and its trailers as the last message", async () => {
  await using server = await serveWords();
  const { answer, bytes } = await ask(server.grpcPort, "Say", "grpc-web+proto", message("hi"));
  assert.equal(answer.headers.get("content-type"), "application/grpc-web+proto");
  const trailers = "grpc-status: 0\r\n";
  assert.deepEqual(bytes.subarray(0, 9), Buffer.from(message("hi")));
  assert.equal(bytes[9], 0x80);
  assert.equal(bytes.readUInt32BE(10), trailers.length);
  assert.equal(bytes.subarray(14).toString(), trailers);
});

test("a text call is base64 both ways, however many parts it has", async () => {
  await using server = await serveWords();
  const { answer, bytes } = await ask(
    server.grpcPort,
    "Count",
    "grpc-web-text",
    Buffer.from(message("ab")).toString("base64"),
  );
  assert.equal(answer.headers.get("content-type"), "application/grpc-web-text+proto");
  const parts = bytes.toString().match(/[^=]+=*/g) ?? [];
  const decoded = Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
  const expected = Buffer.concat([message("a"), message("b")]);
  assert.deepEqual(decoded.subarray(0, expected.byteLength), expected);
  assert.match(decoded.subarray(expected.byteLength + 5).toString(), /^grpc-status: 0/);
});

test("a failure says its status in the head, where a browser reads it", async () => {
  await using server = await serveWords();
  const { answer } = await ask(server.grpcPort, "Say", "grpc-web+proto", message("no"));
  assert.equal(answer.headers.get("grpc-status"), "7");
  assert.equal(answer.headers.get("grpc-message"), "never");
  const unknown = await ask(server.grpcPort, "Nothing", "grpc-web+proto", message("no"));
  assert.equal(unknown.answer.headers.get("grpc-status"), "12");
});

test("what is no gRPC is 415", async () => {
  await using server = await serveWords();
  const { answer } = await ask(server.grpcPort, "Say", "json", "{}");
  assert.equal(answer.status, 415);
});

const asks = (port: number | undefined, origin: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/word_service.WordService/Say`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,x-grpc-web",
    },
  });

for (const engine of ["tusker", "node"] as const) {
  test(`${engine}: pages of an origin that is named may ask, call and read, others may not`, async () => {
    const shop = "https://shop.example";
    await using server = await serveWords([shop], engine);
    const allowed = await asks(server.grpcPort, shop);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), shop);
    assert.equal(allowed.headers.get("access-control-allow-headers"), "content-type,x-grpc-web");
    assert.equal((await asks(server.grpcPort, "https://other.example")).status, 403);
    for (const text of ["hi", "no"]) {
      const { answer } = await ask(server.grpcPort, "Say", "grpc-web", message(text), { origin: shop });
      assert.equal(answer.headers.get("access-control-allow-origin"), shop, text);
      assert.match(answer.headers.get("access-control-expose-headers") ?? "", /grpc-status,grpc-message/);
      assert.equal(answer.headers.get("vary"), "origin");
    }
    const other = await ask(server.grpcPort, "Say", "grpc-web", message("hi"), {
      origin: "https://o.example",
    });
    assert.equal(other.answer.headers.get("access-control-allow-origin"), null);
  });
}

test("without web_origins no page may call; with a star every page may", async () => {
  await using closed = await serveWords();
  assert.equal((await asks(closed.grpcPort, "https://shop.example")).status, 403);
  await using open = await serveWords(["*"]);
  const answer = await asks(open.grpcPort, "https://shop.example");
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
});
