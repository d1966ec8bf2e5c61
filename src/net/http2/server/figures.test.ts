import { strict as assert } from "node:assert";
import { test } from "node:test";
import { getBlock, hello, postBlock, RawPeer, rawFrame } from "../../../../test/support/http2-peer.ts";
import { manualClock } from "../../../kernel/index.ts";
import { serveStreams } from "../../http2.ts";
import { isConnectionFigures, type StreamHandler } from "../streams.ts";

const get = (id: number): Buffer => rawFrame(1, 5, id, getBlock);
const post = (id: number): Buffer => rawFrame(1, 4, id, postBlock);
const reset = (id: number): Buffer => rawFrame(3, 0, id, "00000008");
const ping = rawFrame(6, 0, 0, "0000000000000007");

/** Answers a GET with 100,000 bytes, and counts it as a message; a POST stays open. */
const handler: StreamHandler = (stream, fields, { messages }) => {
  const answer = (): void => {
    messages.received++;
    messages.sent++;
    const head = { fixed: [], varying: [":status", "200"] };
    stream.message(head, new Uint8Array(100_000), undefined);
  };
  return {
    onHead() {},
    onData: (bytes) => stream.consumed(bytes.byteLength),
    onEnd: () => (fields[1] === "GET" ? answer() : undefined),
    onFailed() {},
    onDrained() {},
  };
};

test("a server tells who is connected, what its streams came to, and who has to be waited for", async () => {
  const clock = manualClock();
  await using server = await serveStreams(handler, { port: 0, clock });
  assert.deepEqual(server.figures(), []);
  await using peer = await RawPeer.to(server.port);
  // Two GETs that fit into the windows and one that does not; a POST that stays open, and one that is reset.
  const grow = rawFrame(8, 0, 0, "00010000");
  const wide = rawFrame(4, 0, 0, "000400020000");
  peer.send(hello, wide, grow, get(1), post(3), post(5), reset(5), ping, ping);
  await peer.frame(({ type, id, flags }) => type === 0 && id === 1 && (flags & 1) === 1);
  await peer.frame(({ type, flags }) => type === 6 && (flags & 1) === 1);
  clock.advance(3_000);
  const [first, ...others] = server.figures();
  assert.deepEqual(others, []);
  assert.ok(isConnectionFigures(first));
  const { bytesReceived, bytesSent, ...figures } = first;
  assert.ok(bytesReceived > 100 && bytesSent > 100_000, `${bytesReceived} in, ${bytesSent} out`);
  assert.deepEqual(figures, {
    remoteAddress: "127.0.0.1",
    ageMs: 3_000,
    quietMs: 3_000,
    streams: 1,
    streamsBegun: 3,
    streamsSucceeded: 1,
    streamsFailed: 1,
    messagesReceived: 1,
    messagesSent: 1,
    keepalives: 2,
    stalls: 0,
    stalled: false,
  });
  peer.send(get(7), ping);
  await peer.frame(({ type, id }) => type === 0 && id === 7);
  const [stalled] = server.figures();
  assert.deepEqual([stalled?.stalls, stalled?.stalled, stalled?.quietMs], [1, true, 0]);
});

test("what is no figure of a connection is told apart", () => {
  for (const wrong of [null, 1, {}, { remoteAddress: "", stalled: true }])
    assert.equal(isConnectionFigures(wrong), false);
});
