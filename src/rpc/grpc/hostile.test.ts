import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { z } from "zod";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { http2Pool, type Pool } from "../../net/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { contract } from "../contract.ts";
import { grpcSection } from "../section.ts";
import { serve } from "../serve.ts";
import { frame } from "./frame.ts";

// Bodies nobody meant, for every kind of method and in every dialect: there is always a status, and the next call works.

const Text = z.object({ text: z.string() });
const Kinds = contract("kind-service", {
  say: { http: "POST /say", in: Text, out: Text },
  count: { stream: "out", in: Text, out: Text },
  join: { stream: "in", in: Text, out: Text },
  talk: { stream: "both", in: Text, out: Text },
});
const limit = 4_096;
const serveKinds = () =>
  serve(
    Kinds,
    {
      say: (input) => input,
      async *count(input) {
        yield input;
      },
      async join(inputs) {
        let text = "";
        for await (const one of inputs) text += one.text;
        return { text };
      },
      async *talk(inputs) {
        yield* inputs;
      },
    },
    {
      ...{ port: 0, grpcPort: 0 },
      parts: {
        tracer: createTracer({
          service: "t",
          sampler: ratioSampler(0),
          sink: { accept: () => undefined },
          clock: systemClock,
        }),
        log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
        random: seededRandom(1),
        grpc: grpcSection.parse({ max_message_size: "4KiB" }),
        discovery: undefined,
        lockFile: undefined,
      },
    },
  );

const methods = ["Say", "Count", "Join", "Talk"] as const;
const dialects = ["grpc", "grpc-web", "grpc-web-text"] as const;
interface Asked {
  readonly method: string;
  readonly dialect: string;
  readonly encoding?: string;
  readonly pieces: readonly Uint8Array[];
}

/** The status of a call, wherever its dialect puts it. */
async function statusOf(pool: Pool, { method, dialect, encoding, pieces }: Asked): Promise<string> {
  const answer = await pool.request({
    method: "POST",
    path: `/kind_service.KindService/${method}`,
    headers: [
      ...["content-type", `application/${dialect}`, "te", "trailers", "grpc-timeout", "5S"],
      ...(encoding === undefined ? [] : ["grpc-encoding", encoding]),
    ],
    body: (async function* () {
      yield* pieces;
    })(),
  });
  const body = Buffer.from(await answer.bytes(1_000_000));
  const text = dialect === "grpc-web-text" ? decoded(body) : body.toString("latin1");
  const trailer = answer.trailers();
  const inTrailers = trailer[trailer.indexOf("grpc-status") + 1];
  return answer.header("grpc-status") ?? /grpc-status: (\d+)/.exec(text)?.[1] ?? inTrailers ?? "none";
}
const decoded = (body: Buffer): string =>
  (body.toString("latin1").match(/[^=]+=*/g) ?? [])
    .map((part) => Buffer.from(part, "base64").toString("latin1"))
    .join("");

const flagged = (flag: number, bytes: Uint8Array): Buffer => {
  const framed = Buffer.from(frame(bytes));
  framed[0] = flag;
  return framed;
};
const hello = Buffer.from("0a0568656c6c6f", "hex");
const message = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(frame(hello), frame(new Uint8Array()), frame(Buffer.from("ff", "hex"))),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => frame(bytes)),
  fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 }))
    .map(([flag, bytes]) => flagged(flag, bytes)),
  fc.constantFrom(
    flagged(1, gzipSync(hello)),
    flagged(1, gzipSync(Buffer.alloc(100_000))),
    flagged(1, hello),
  ),
  // A length that is never kept, and one beyond the limit.
  fc.constantFrom(Buffer.from("0000000fff00", "hex"), Buffer.from("007fffffff00", "hex")),
);

test("whatever bodies arrive, every kind of method in every dialect answers with a status", async () => {
  await using server = await serveKinds();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  const asked = fc.record(
    {
      method: fc.constantFrom(...methods),
      dialect: fc.constantFrom(...dialects),
      encoding: fc.constantFrom("gzip", "identity", "br"),
      pieces: fc.array(message, { maxLength: 4 }),
      base64: fc.boolean(),
    },
    { requiredKeys: ["method", "dialect", "pieces", "base64"] },
  );
  await fc.assert(
    fc.asyncProperty(asked, async ({ base64, pieces, ...call }) => {
      const packed = pieces.map((piece) => Buffer.from(Buffer.from(piece).toString("base64")));
      const text = base64 && call.dialect === "grpc-web-text";
      assert.match(await statusOf(pool, { ...call, pieces: text ? packed : pieces }), /^(0|3|8|12|13)$/);
    }),
    { numRuns: 150 },
  );
  for (const method of methods)
    assert.equal(await statusOf(pool, { method, dialect: "grpc", pieces: [frame(hello)] }), "0", method);
});

test("a message beyond the limit is RESOURCE_EXHAUSTED, whatever it is packed in and whichever kind takes it", async () => {
  await using server = await serveKinds();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  const big = Buffer.alloc(limit + 1, "a");
  for (const method of methods) {
    const plain = { method, dialect: "grpc", pieces: [frame(big)] };
    const bomb = { method, dialect: "grpc", encoding: "gzip", pieces: [flagged(1, gzipSync(big))] };
    assert.deepEqual([await statusOf(pool, plain), await statusOf(pool, bomb)], ["8", "8"], method);
  }
});

test("a call without its one message, or with two, is INTERNAL; a stream of callers may be empty", async () => {
  await using server = await serveKinds();
  await using pool = http2Pool(`http://127.0.0.1:${server.grpcPort}`);
  const statuses = async (...pieces: Uint8Array[]): Promise<string[]> => {
    const said: string[] = [];
    for (const method of methods) said.push(await statusOf(pool, { method, dialect: "grpc", pieces }));
    return said;
  };
  assert.deepEqual(await statuses(), ["13", "13", "0", "0"]);
  assert.deepEqual(await statuses(frame(hello), frame(hello)), ["13", "13", "0", "0"]);
  assert.deepEqual(await statuses(frame(hello).subarray(0, 7)), ["13", "13", "13", "13"]);
});
