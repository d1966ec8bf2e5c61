import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type Random, seededRandom, systemClock } from "../../src/kernel/index.ts";
import { ServerConnection } from "../../src/net/http2/server/connection.ts";
import type { StreamListener } from "../../src/net/http2/streams.ts";
import { errorName } from "../../src/net/http2/words.ts";
import { type Expected, type Step, sequence, verdict } from "../support/http2-model.ts";
import { FrameCutter, hello, RawPeer, rawFrame } from "../support/http2-peer.ts";

// Sequences of frames, right and wrong ones, against a model of RFC 9113 that knows nothing but states, and against
// node:http2. TUSKER_FUZZ_RUNS says how many, TUSKER_FUZZ_SEED repeats a run.

const runs = Number(process.env.TUSKER_FUZZ_RUNS ?? 3_000);
const seed = Number(process.env.TUSKER_FUZZ_SEED ?? 1);

/** Nobody answers, so that what a connection says depends on the frames alone. */
const silent: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onFailed() {}, onDrained() {} };

/** What our engine says to a client: resets and the end, in order. */
function said(bytes: readonly Buffer[]): Expected {
  const resets: string[] = [];
  let goaway: string | undefined;
  const cutter = new FrameCutter();
  const wire = {
    write(pieces: readonly Uint8Array[], done: () => void) {
      for (const { type, id, payload } of cutter.push(Buffer.concat(pieces))) {
        if (type === 3) resets.push(`${id} ${errorName(payload.readUInt32BE(0))}`);
        if (type === 7) goaway ??= errorName(payload.readUInt32BE(4));
      }
      done();
    },
    pause() {},
    resume() {},
    hold() {},
    close() {},
    destroy() {},
  };
  const served = new ServerConnection(wire, {
    limits: {
      maxConcurrentStreams: 100,
      maxListSize: 32_768,
      streamWindow: 65_535,
      connectionWindow: 262_140,
      extendedConnect: false,
    },
    handler: () => silent,
    peer: { remoteAddress: "", secure: false },
    handshakeMs: 10_000,
    idleMs: 60_000,
    ageMs: undefined,
    graceMs: 10_000,
    stallMs: 60_000,
    clock: systemClock,
    random: seededRandom(1),
    onOver: () => {},
  });
  for (const piece of bytes) served.connection.receive(piece);
  served.connection.sender.flush();
  const dead = served.connection.over;
  served.close();
  return { resets, goaway: dead ? goaway : undefined };
}

/** The same bytes in pieces of any size. */
function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const size = 1 + random.below(random.next() < 0.5 ? 12 : 4_000);
    pieces.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return pieces;
}

test(`${runs} sequences of frames end as the model of RFC 9113 says, however they are cut (seed ${seed})`, () => {
  const random = seededRandom(seed);
  for (let run = 0; run < runs; run++) {
    const steps = sequence(random);
    const bytes = Buffer.concat([hello, ...steps.map(({ frame }) => frame)]);
    assert.deepEqual(said(cut(bytes, random)), verdict(steps).expected, `run ${run}: ${words(steps)}`);
  }
});

/**
 * Where node:http2 (nghttp2) decides otherwise, as RFC 9113 §5.4 leaves to everybody: it makes connection errors of some
 * stream errors, overlooks others (frames after RST_STREAM, streams that depend on themselves), and overlooks streams
 * that were passed over. What is left is compared: whether the connection lives.
 */
test("node:http2 keeps or breaks the same connections, but for what is explained", async () => {
  const server: Http2Server = createServer();
  server.on("stream", (stream) => stream.on("error", () => {}));
  server.on("session", (session) => session.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const random = seededRandom(seed + 1);
  let compared = 0;
  for (let run = 0; run < Math.min(300, runs); run++) {
    const steps = sequence(random);
    const { expected, passedOver } = verdict(steps);
    if (expected.resets.length > 0 || passedOver) continue;
    await using peer = await RawPeer.to(port);
    const ping = rawFrame(6, 0, 0, "00000000000000ff");
    peer.send(hello, ...steps.map(({ frame }) => frame), ping);
    const end = await peer.frame(
      ({ type, flags, payload }) => type === 7 || (type === 6 && flags === 1 && payload[7] === 0xff),
    );
    const dead = end === undefined || end.type === 7;
    assert.equal(dead, expected.goaway !== undefined, `run ${run}: ${words(steps)}`);
    compared++;
  }
  assert.ok(compared > 30, `${compared} compared`);
  server.close();
});

function words(steps: readonly Step[]): string {
  return steps.map(({ what }) => what).join(", ");
}
