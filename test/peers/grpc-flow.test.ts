import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { z } from "zod";
import { client, contract, serve } from "../../src/rpc/index.ts";
import { grpcSection } from "../../src/rpc/section.ts";

// Who reads slowly slows down who writes, though the two are of different makers; and nothing is lost by it.

const Ask = z.object({ count: z.int() });
const Block = z.object({ n: z.int(), text: z.string() });
const Blocks = contract("block-service", {
  pour: { stream: "out", in: Ask, out: Block },
  swallow: { stream: "in", in: Block, out: Ask },
});
const filler = "x".repeat(16_384);
/** All of it is far beyond any window: 24 MiB. */
const count = 1_536;
/** What may be under way: windows and buffers of both sides, 8 MiB. */
const underWay = 512;

const encode = (type: "ask" | "block", n: number): Buffer => {
  const number = [0x08, (n & 0x7f) | 0x80, n >> 7];
  const text = [0x12, 0x80, 0x80, 0x01];
  return type === "ask"
    ? Buffer.from(number)
    : Buffer.concat([Buffer.from([...number, ...text]), Buffer.from(filler)]);
};
const numberIn = (bytes: Buffer): number =>
  (bytes[1] ?? 0) & 0x80 ? ((bytes[1] ?? 0) & 0x7f) + ((bytes[2] ?? 0) << 7) : (bytes[1] ?? 0);
const same = (bytes: Buffer): Buffer => bytes;

/** Resolves when `now` has stood still for many turns of the event loop. */
async function still(now: () => number): Promise<number> {
  for (let before = -1, quiet = 0; quiet < 50; ) {
    quiet = before === now() ? quiet + 1 : 0;
    before = now();
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  return now();
}

for (const engine of ["tusker", "node"] as const) {
  const parts = { discovery: undefined, lockFile: undefined, grpc: grpcSection.parse({ engine }) };

  test(`${engine}: a slow grpc-js reader holds our server back, and misses nothing`, async () => {
    let produced = 0;
    await using server = await serve(
      Blocks,
      {
        async *pour({ count: asked }) {
          for (let n = 1; n <= asked; n++) {
            produced = n;
            yield { n, text: filler };
          }
        },
        swallow: async () => ({ count: 0 }),
      },
      { port: 0, grpcPort: 0, parts },
    );
    const stock = new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
    const call = stock.makeServerStreamRequest(
      "/block_service.BlockService/Pour",
      same,
      same,
      encode("ask", count),
    );
    await once(call, "readable");
    const held = await still(() => produced);
    assert.ok(held < underWay, `${held} blocks for a reader that took none`);
    let last = 0;
    for await (const block of call) assert.equal(numberIn(block), ++last);
    assert.equal(last, count);
    stock.close();
  });

  test(`${engine}: our slow server holds a grpc-js writer back, and misses nothing`, async () => {
    const go = Promise.withResolvers<void>();
    let taken = 0;
    await using server = await serve(
      Blocks,
      {
        async *pour() {},
        async swallow(blocks) {
          await go.promise;
          for await (const { n } of blocks) assert.equal(n, ++taken);
          return { count: taken };
        },
      },
      { port: 0, grpcPort: 0, parts },
    );
    const stock = new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
    const answer = Promise.withResolvers<Buffer>();
    const call = stock.makeClientStreamRequest(
      "/block_service.BlockService/Swallow",
      same,
      same,
      (error, bytes) => (bytes === undefined ? answer.reject(error) : answer.resolve(bytes)),
    );
    let written = 0;
    const writing = (async () => {
      while (written < count) if (!call.write(encode("block", ++written))) await once(call, "drain");
      call.end();
    })();
    const held = await still(() => written);
    assert.ok(held < underWay, `${held} blocks for a server that took none`);
    go.resolve();
    await writing;
    assert.equal(numberIn(await answer.promise), count);
    stock.close();
  });

  test(`${engine}: our slow client holds a grpc-js server back, and misses nothing`, async () => {
    let written = 0;
    const stock = new grpc.Server();
    stock.addService(
      {
        pour: {
          ...{ path: "/block_service.BlockService/Pour", requestStream: false, responseStream: true },
          ...{
            requestSerialize: same,
            requestDeserialize: same,
            responseSerialize: same,
            responseDeserialize: same,
          },
        },
      },
      {
        async pour(call: grpc.ServerWritableStream<Buffer, Buffer>) {
          while (written < count) if (!call.write(encode("block", ++written))) await once(call, "drain");
          call.end();
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      stock.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    await using api = client(Blocks, { protocol: "grpc", url: `http://127.0.0.1:${port}`, parts });
    let last = 0;
    for await (const { n } of api.pour({ count })) {
      assert.equal(n, ++last);
      if (last > 1) continue;
      const held = await still(() => written);
      assert.ok(held < underWay, `${held} blocks for a reader that took one`);
    }
    assert.equal(last, count);
    stock.forceShutdown();
  });
}
