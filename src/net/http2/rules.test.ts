import { strict as assert } from "node:assert";
import { test } from "node:test";
import { getBlock, hello, RawPeer, rawFrame } from "../../../test/support/http2-peer.ts";
import {
  connectionErrors,
  fields,
  fine,
  get,
  open,
  setting,
  streamErrors,
  word,
} from "../../../test/support/http2-rules.ts";
import { manualClock } from "../../kernel/index.ts";
import type { ServerHandler } from "../exchange.ts";
import { serveHttp2 } from "../http2.ts";
import { errorCode, errorName } from "./words.ts";

// What RFC 9113 says of every frame in every state, asked by a client that breaks the rules one at a time.

const [DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW] = [0, 1, 3, 4, 6, 7, 8];
const END_STREAM = 1;

/** A client's confirmation of our SETTINGS. */
const acknowledged = rawFrame(SETTINGS, 1, 0);
let pings = 0;
/** The connection is alive, and has read everything that was sent before. */
async function answeredPing(peer: RawPeer): Promise<void> {
  const number = (++pings).toString(16).padStart(16, "0");
  peer.send(rawFrame(PING, 0, 0, number));
  const answer = await peer.frame(
    ({ type, flags, payload }) => type === PING && flags === 1 && payload.toString("hex") === number,
  );
  assert.ok(answer, "the PING is answered");
}

/** Answers at once, except where the path says to wait for the body. */
const handler: ServerHandler = async (exchange) => {
  const body = await exchange.bytes(1_000_000).catch(() => new Uint8Array());
  await exchange.respond({ status: 200, body: `${body.byteLength}` });
};

test("what breaks a connection is told with the code of RFC 9113, and closes it", async () => {
  await using server = await serveHttp2(handler, { port: 0 });
  for (const [what, code, frames] of connectionErrors) {
    await using peer = await RawPeer.to(server.port);
    peer.send(hello, ...frames);
    const goaway = await peer.frame(({ type }) => type === GOAWAY);
    assert.equal(errorName(goaway?.payload.readUInt32BE(4) ?? 99), code, what);
    await peer.frame(() => false);
    assert.equal(peer.closed, true, what);
  }
});

test("what breaks one stream is told with RST_STREAM, and the connection goes on", async () => {
  await using server = await serveHttp2(handler, { port: 0 });
  for (const [what, code, frames] of streamErrors) {
    await using peer = await RawPeer.to(server.port);
    peer.send(hello, ...frames);
    const reset = await peer.frame(({ type, id }) => type === RST && id === 1);
    assert.equal(errorName(reset?.payload.readUInt32BE(0) ?? 99), code, what);
    peer.send(get(3));
    const head = await peer.frame(({ type, id }) => type === HEADERS && id === 3);
    assert.ok(head, `${what}: the next request is answered`);
  }
});

test("what RFC 9113 allows or says to pass over harms nobody", async () => {
  await using server = await serveHttp2(handler, { port: 0 });
  for (const [what, frames] of fine) {
    await using peer = await RawPeer.to(server.port);
    peer.send(hello, ...frames, get(11));
    const head = await peer.frame(({ type, id }) => (type === HEADERS && id === 11) || type === GOAWAY);
    assert.equal(head?.type, HEADERS, what);
    assert.equal(
      peer.frames.some(({ type }) => type === RST),
      false,
      what,
    );
  }
});

test("DATA on a stream that is over breaks the connection", async () => {
  await using server = await serveHttp2(handler, { port: 0 });
  await using peer = await RawPeer.to(server.port);
  peer.send(hello, get(1));
  await peer.frame(({ type, id, flags }) => type === DATA && id === 1 && (flags & END_STREAM) !== 0);
  peer.send(rawFrame(DATA, 0, 1, "00"));
  const goaway = await peer.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.STREAM_CLOSED);
});

test("a client that does not begin as HTTP/2 does is closed", async () => {
  await using server = await serveHttp2(handler, { port: 0 });
  for (const first of ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]) {
    await using peer = await RawPeer.to(server.port);
    peer.send(Buffer.from(first));
    await peer.frame(() => false);
  }
  await using peer = await RawPeer.to(server.port);
  peer.send(hello.subarray(0, 24), rawFrame(PING, 0, 0, "0000000000000000"));
  const goaway = await peer.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.PROTOCOL_ERROR);
});

test("a client that says nothing is closed after the time for its hello", async () => {
  const clock = manualClock();
  await using server = await serveHttp2(handler, { port: 0, clock, handshakeTimeoutMs: 5_000 });
  await using peer = await RawPeer.to(server.port);
  await peer.frame(({ type }) => type === SETTINGS);
  clock.advance(5_000);
  const goaway = await peer.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.SETTINGS_TIMEOUT);
});

test("a client that never confirms our SETTINGS is closed after the same time, whatever it sends", async () => {
  const clock = manualClock();
  const endless: ServerHandler = () => new Promise(() => {});
  await using server = await serveHttp2(endless, {
    ...{ port: 0, clock },
    ...{ handshakeTimeoutMs: 5_000, maxConcurrentStreams: 1 },
  });
  await using silent = await RawPeer.to(server.port);
  await using polite = await RawPeer.to(server.port);
  // Until then nobody may be blamed for streams above the limit.
  silent.send(hello, ...Array.from({ length: 2_000 }, (_, i) => get(i * 2 + 1)));
  polite.send(hello, acknowledged, get(1));
  await silent.frame(({ type, id }) => type === RST && id === 3_999);
  await answeredPing(polite);
  clock.advance(5_000);
  const goaway = await silent.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.SETTINGS_TIMEOUT);
  assert.match(goaway?.payload.toString("latin1") ?? "", /not acknowledged/);
  await answeredPing(polite);
});

test("one stream too many is refused, and comes through when another is over", async () => {
  const release = Promise.withResolvers<void>();
  await using server = await serveHttp2(
    async (exchange) => {
      await release.promise;
      await exchange.respond({ status: 200 });
    },
    { port: 0, maxConcurrentStreams: 2 },
  );
  await using peer = await RawPeer.to(server.port);
  peer.send(hello, get(1), get(3), get(5));
  const refused = await peer.frame(({ type }) => type === RST);
  assert.deepEqual([refused?.id, refused?.payload.readUInt32BE(0)], [5, errorCode.REFUSED_STREAM]);
  release.resolve();
  await peer.frame(({ type, id }) => type === HEADERS && id === 3);
  peer.send(get(7));
  assert.ok(await peer.frame(({ type, id }) => type === HEADERS && id === 7));
});

test("a header list that is too long is 431, however short it was packed", async () => {
  await using server = await serveHttp2(handler, { port: 0, maxHeadBytes: 4_096 });
  await using peer = await RawPeer.to(server.port);
  const big = `${getBlock.toString("hex")}40017a7f8106${"61".repeat(896)}`;
  peer.send(hello, fields(1, `${big}${"be".repeat(100)}`));
  const head = await peer.frame(({ type, id }) => type === HEADERS && id === 1);
  // An indexed name and "431": the status is in no static entry.
  assert.match(head?.payload.toString("latin1") ?? "", /431/);
  peer.send(get(3));
  assert.ok(await peer.frame(({ type, id }) => type === HEADERS && id === 3));
});

test("more DATA than the window breaks the stream, and more than the connection's breaks the connection", async () => {
  await using server = await serveHttp2(() => new Promise(() => {}), { port: 0 });
  await using peer = await RawPeer.to(server.port);
  const flood = (id: number, frames: number): Uint8Array[] =>
    Array.from({ length: frames }, () => rawFrame(DATA, 0, id, Buffer.alloc(16_384)));
  peer.send(hello, open(1), ...flood(1, 17));
  const reset = await peer.frame(({ type, id }) => type === RST && id === 1);
  assert.equal(reset?.payload.readUInt32BE(0), errorCode.FLOW_CONTROL_ERROR);
  for (let id = 3; id < 60; id += 2) peer.send(open(id), ...flood(id, 16));
  const goaway = await peer.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.FLOW_CONTROL_ERROR);
});

test("a peer that asks and never reads costs a bounded amount of memory, then its connection", async () => {
  const clock = manualClock();
  let produced = 0;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      produced++;
      yield new Uint8Array(16_384);
    }
  };
  await using server = await serveHttp2((exchange) => exchange.respond({ status: 200, body: body() }), {
    port: 0,
    clock,
    stallTimeoutMs: 10_000,
  });
  await using peer = await RawPeer.to(server.port);
  peer.socket.pause();
  peer.send(
    hello,
    acknowledged,
    setting(4, 2 ** 31 - 1),
    word(WINDOW, 0, 2 ** 31 - 1 - 65_535),
    get(1),
    get(3),
  );
  // The kernel takes some megabytes; after that nothing more is asked of the bodies.
  for (let before = -1; produced === 0 || before !== produced; ) {
    before = produced;
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(produced < 2_000, `${produced} pieces for nobody`);
  clock.advance(10_000);
  clock.advance(10_000);
  while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a client that takes no answers loses its connection before they fill the memory, and its neighbours none", async () => {
  const large = new Uint8Array(262_144);
  await using server = await serveHttp2((exchange) => exchange.respond({ status: 200, body: large }), {
    port: 0,
    maxUnsentBytes: 4 * 1_048_576,
  });
  await using slow = await RawPeer.to(server.port);
  await using greedy = await RawPeer.to(server.port);
  const closedWindow = setting(4, 0);
  slow.send(hello, acknowledged, closedWindow, get(1), get(3));
  await answeredPing(slow);
  greedy.send(hello, acknowledged, closedWindow, ...Array.from({ length: 50 }, (_, i) => get(i * 2 + 1)));
  const goaway = await greedy.frame(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(4), errorCode.ENHANCE_YOUR_CALM);
  // The neighbour that waits for two answers gets them as soon as it takes them.
  slow.send(word(WINDOW, 0, 1_048_576), setting(4, 1_048_576));
  for (const id of [1, 3])
    assert.ok(
      await slow.frame((frame) => frame.type === DATA && frame.id === id && (frame.flags & END_STREAM) !== 0),
    );
  // What is taken is counted no more: the same again, many times over.
  for (let id = 5; id < 105; id += 2) {
    slow.send(word(WINDOW, 0, 262_144), get(id));
    assert.ok(
      await slow.frame((frame) => frame.type === DATA && frame.id === id && (frame.flags & END_STREAM) !== 0),
    );
  }
});

test("answers of many turns leave in one write each, interim heads first", async () => {
  await using server = await serveHttp2(
    async (exchange) => {
      exchange.inform(103, ["link", "</a>"]);
      await exchange.respond({ status: 200, body: "a", trailers: ["x-end", "1"] });
    },
    { port: 0 },
  );
  await using peer = await RawPeer.to(server.port);
  let writes = 0;
  peer.socket.on("data", () => writes++);
  peer.send(hello);
  await peer.frame(({ type, flags }) => type === SETTINGS && flags === 1);
  const before = writes;
  peer.send(...Array.from({ length: 50 }, (_, i) => get(i * 2 + 1)));
  await peer.frame(({ type, id, flags }) => type === HEADERS && id === 99 && (flags & END_STREAM) !== 0);
  assert.ok(writes - before <= 3, `${writes - before} writes for 50 answers`);
  const first = peer.frames.filter(({ id }) => id === 1).map(({ type }) => type);
  assert.deepEqual(first, [HEADERS, HEADERS, DATA, HEADERS]);
});
