import { strict as assert } from "node:assert";
import { once } from "node:events";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { z } from "zod";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../telemetry/index.ts";
import { contract } from "../contract.ts";
import { grpcSection } from "../section.ts";
import { type Serving, serve } from "../serve.ts";

// grpc.health.v1 as a stock client sees it.

const Text = z.object({ text: z.string() });
const Words = contract("word-service", { say: { http: "POST /say", in: Text, out: Text } });
const serveWords = (engine: "tusker" | "node" = "tusker"): Promise<Serving> =>
  serve(
    Words,
    { say: (input) => input },
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
        grpc: grpcSection.parse({ engine }),
        discovery: undefined,
        lockFile: undefined,
      },
    },
  );

const { root } = protobuf.parse(`syntax = "proto3";
  message Request { string service = 1; }
  message Response { enum Status { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; } Status status = 1; }`);
const encode = (service: string): Buffer =>
  Buffer.from(root.lookupType("Request").encode({ service }).finish());
const decode = (bytes: Buffer): unknown =>
  root.lookupType("Response").toObject(root.lookupType("Response").decode(bytes), { enums: String }).status;

const stockClient = (server: Serving): grpc.Client =>
  new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());

for (const engine of ["tusker", "node"] as const) {
  test(`${engine}: a check answers for the server, for its service, and NOT_FOUND for others`, async () => {
    await using server = await serveWords(engine);
    const client = stockClient(server);
    const check = (service: string): Promise<unknown> =>
      new Promise((resolve) => {
        client.makeUnaryRequest("/grpc.health.v1.Health/Check", encode, decode, service, (error, answer) =>
          resolve(error?.code ?? answer),
        );
      });
    assert.equal(await check(""), "SERVING");
    assert.equal(await check("word_service.WordService"), "SERVING");
    assert.equal(await check("other.Service"), grpc.status.NOT_FOUND);
    client.close();
  });

  test(`${engine}: a watch hears at once, and again when the service begins to drain`, async () => {
    await using server = await serveWords(engine);
    const client = stockClient(server);
    const watch = (service: string) =>
      client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", encode, decode, service);
    const watches = ["", "word_service.WordService", "other.Service"].map(watch);
    const heard = watches.map(() => [] as unknown[]);
    for (const [i, one] of watches.entries()) {
      one.on("data", (status) => heard[i]?.push(status));
      one.on("error", () => {});
    }
    await Promise.all(watches.map((one) => once(one, "data")));
    assert.deepEqual(heard, [["SERVING"], ["SERVING"], ["SERVICE_UNKNOWN"]]);
    const ended = watches.map((one) => once(one, "status"));
    await server.drain(5_000);
    const statuses = await Promise.all(ended);
    assert.deepEqual(heard, [["SERVING", "NOT_SERVING"], ["SERVING", "NOT_SERVING"], ["SERVICE_UNKNOWN"]]);
    assert.deepEqual(
      statuses.map(([{ code }]) => code),
      [0, 0, 0],
    );
    client.close();
  });
}

test("a watch that is given up leaves nothing behind", async () => {
  await using server = await serveWords();
  const client = stockClient(server);
  for (let i = 0; i < 3; i++) {
    const watch = client.makeServerStreamRequest("/grpc.health.v1.Health/Watch", encode, decode, "");
    watch.on("error", () => {});
    await once(watch, "data");
    watch.cancel();
  }
  client.close();
  // Would wait for its grace, were a watch still open.
  const begun = systemClock.now();
  await server.drain(60_000);
  assert.ok(systemClock.now() - begun < 20_000);
});
