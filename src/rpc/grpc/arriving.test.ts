import { strict as assert } from "node:assert";
import { test } from "node:test";
import { hello, type RawFrame, RawPeer, rawFrame } from "../../../test/support/http2-peer.ts";
import { systemClock } from "../../kernel/index.ts";
import { serveStreams } from "../../net/index.ts";
import { Arriving } from "./arriving.ts";
import type { ByteMethod } from "./serving/method.ts";
import { grpcStreams } from "./serving/serve.ts";

const literal = (prefix: string, value: string): Buffer =>
  Buffer.concat([Buffer.from(prefix, "hex"), Buffer.from([value.length]), Buffer.from(value)]);
/** `:method` POST, `:scheme` http, `:path` /a/B, `:authority` a, `content-type` of gRPC. */
const call = Buffer.concat([
  Buffer.from("8386", "hex"),
  literal("04", "/a/B"),
  literal("01", "a"),
  literal("0f10", "application/grpc"),
]);

test("calls whose messages never end cannot fill the memory of a server, and give back what they held", async () => {
  const arriving = new Arriving(100_000);
  const method: ByteMethod = { kind: "unary", decode: () => undefined, answer: () => new Uint8Array(5) };
  const options = { maxMessageBytes: 50_000, defaultTimeoutMs: 60_000, compressAbove: undefined, arriving };
  const handler = grpcStreams(new Map([["/a/B", method]]), { ...options, clock: systemClock });
  await using server = await serveStreams(handler, { port: 0 });
  const peer = await RawPeer.to(server.port);
  const beginning = Buffer.concat([Buffer.from("000000c350", "hex"), Buffer.alloc(15_000)]);
  const ids = Array.from({ length: 20 }, (_, i) => i * 2 + 1);
  peer.send(hello, ...ids.flatMap((id) => [rawFrame(1, 4, id, call), rawFrame(0, 0, id, beginning)]));
  const refused = await peer.frame(({ type, id, flags }) => type === 1 && id === 39 && (flags & 1) === 1);
  assert.match(refused?.payload.toString("latin1") ?? "", /14/);
  assert.ok(arriving.bytes > 80_000 && arriving.bytes <= 100_000, `${arriving.bytes} held`);
  // A message in one piece holds nothing, and is answered all the while.
  peer.send(rawFrame(1, 4, 101, call), rawFrame(0, 1, 101, "0000000000"));
  assert.ok(await peer.frame(({ type, id }) => type === 0 && id === 101));
  await peer[Symbol.asyncDispose]();
  while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(arriving.bytes, 0);
});

test("messages of a stream that nobody reads count too, until they are read or the call is over", async () => {
  const arriving = new Arriving(100_000);
  const go = Promise.withResolvers<void>();
  let read = 0;
  const method: ByteMethod = {
    kind: "stream",
    decode: (message) => Buffer.from(message),
    async *answers(_call, inputs) {
      await go.promise;
      for await (const _ of inputs) read++;
      yield new Uint8Array(5);
    },
  };
  const options = { maxMessageBytes: 50_000, defaultTimeoutMs: 60_000, compressAbove: undefined, arriving };
  const handler = grpcStreams(new Map([["/a/B", method]]), { ...options, clock: systemClock });
  await using server = await serveStreams(handler, { port: 0 });
  await using peer = await RawPeer.to(server.port);
  // 15,000 bytes in one frame: whole at once, so that nothing but the waiting is counted.
  const message = Buffer.concat([Buffer.from("0000003a98", "hex"), Buffer.alloc(15_000)]);
  const ids = Array.from({ length: 10 }, (_, i) => i * 2 + 1);
  peer.send(hello, ...ids.flatMap((id) => [rawFrame(1, 4, id, call), rawFrame(0, 1, id, message)]));
  peer.send(rawFrame(6, 0, 0, "0000000000000000"));
  await peer.frame(({ type, flags }) => type === 6 && flags === 1);
  assert.equal(arriving.bytes, 90_000);
  go.resolve();
  const refused = await peer.frame(({ type, id, flags }) => type === 1 && id === 19 && (flags & 1) === 1);
  assert.match(refused?.payload.toString("latin1") ?? "", /14/);
  assert.equal(read, 6);
  assert.equal(arriving.bytes, 0);
});

test("connections that fill the memory for unfinished messages give way to a neighbour with one", async () => {
  const arriving = new Arriving(100_000);
  const method: ByteMethod = { kind: "unary", decode: () => undefined, answer: () => new Uint8Array(5) };
  const options = { maxMessageBytes: 50_000, defaultTimeoutMs: 60_000, compressAbove: undefined, arriving };
  const read = Promise.withResolvers<void>();
  const stream: ByteMethod = {
    kind: "stream",
    decode: (message) => Buffer.from(message),
    async *answers(_call, inputs) {
      await read.promise;
      for await (const _ of inputs) yield new Uint8Array(5);
    },
  };
  const methods = new Map<string, ByteMethod>([
    ["/a/B", method],
    ["/a/C", stream],
  ]);
  const handler = grpcStreams(methods, { ...options, clock: systemClock });
  await using server = await serveStreams(handler, { port: 0 });
  const ended = ({ type, flags }: RawFrame): boolean => type === 1 && (flags & 1) === 1;
  const synced = async (peer: RawPeer): Promise<void> => {
    peer.send(rawFrame(6, 0, 0, "0000000000000000"));
    await peer.frame(({ type, flags }) => type === 6 && flags === 1);
  };
  // One holds beginnings of messages, the other whole messages that nobody reads: 45,000 bytes each.
  const begun = Buffer.concat([Buffer.from("000000c350", "hex"), Buffer.alloc(15_000)]);
  const whole = Buffer.concat([Buffer.from("0000003a98", "hex"), Buffer.alloc(15_000)]);
  await using first = await RawPeer.to(server.port);
  await using second = await RawPeer.to(server.port);
  const streamed = Buffer.from(call.toString("latin1").replace("/a/B", "/a/C"), "latin1");
  for (const id of [1, 3, 5]) {
    first.send(...(id === 1 ? [hello] : []), rawFrame(1, 4, id, call), rawFrame(0, 0, id, begun));
    second.send(...(id === 1 ? [hello] : []), rawFrame(1, 4, id, streamed), rawFrame(0, 1, id, whole));
  }
  await Promise.all([synced(first), synced(second)]);
  assert.equal(arriving.bytes, 90_000);
  await using neighbour = await RawPeer.to(server.port);
  const mine = Buffer.concat([Buffer.from("0000007530", "hex"), Buffer.alloc(15_000)]);
  neighbour.send(hello, rawFrame(1, 4, 1, call), rawFrame(0, 0, 1, mine));
  neighbour.send(rawFrame(0, 1, 1, Buffer.alloc(15_000)));
  const answer = await neighbour.frame(ended);
  assert.match(answer?.payload.toString("latin1") ?? "", /0$/);
  // Both had to give: the one is told at once, the other when its handler reads on.
  assert.match((await first.frame(ended))?.payload.toString("latin1") ?? "", /14/);
  read.resolve();
  const refused: number[] = [];
  for (const id of [1, 3, 5]) {
    const end = await second.frame((frame) => ended(frame) && frame.id === id);
    if (/together/.test(end?.payload.toString("latin1") ?? "")) refused.push(id);
  }
  assert.ok(refused.length >= 1 && refused.length < 3, `${refused.length} of three ended`);
});
