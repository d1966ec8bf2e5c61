import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type Random, seededRandom, systemClock } from "../../src/kernel/index.ts";
import { ServerConnection } from "../../src/net/http2/server/connection.ts";
import { Unsent } from "../../src/net/http2/server/unsent.ts";
import type { StreamListener } from "../../src/net/http2/streams.ts";
import { errorName } from "../../src/net/http2/words.ts";
import { type Expected, inItsOwnTime, nghttp2, verdict } from "../support/http2-model.ts";
import { nodeSaid } from "../support/http2-node.ts";
import { FrameCutter, hello } from "../support/http2-peer.ts";
import { type Step, sequence } from "../support/http2-sequence.ts";

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
    peer: { remoteAddress: "", secure: false, messages: { received: 0, sent: 0 } },
    handshakeMs: 10_000,
    idleMs: 60_000,
    ageMs: undefined,
    graceMs: 10_000,
    stallMs: 60_000,
    clock: systemClock,
    random: seededRandom(1),
    unsent: new Unsent(1_048_576),
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

test(`${runs} sequences of frames end as the model of RFC 9113 says, however they are cut (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  for (let run = 0; run < runs; run++) {
    // What a connection leaves for the end of the turn goes with it.
    if (run % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    const steps = sequence(random);
    const bytes = Buffer.concat([hello, ...steps.map(({ frame }) => frame)]);
    assert.deepEqual(said(cut(bytes, random)), verdict(steps), `run ${run}: ${words(steps)}`);
  }
});

test(`${runs} sequences of frames: node:http2 says the same but for the differences that are listed (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  for (let run = 0; run < runs; run++) {
    const all = sequence(random);
    const until = all.findIndex(({ what }) => inItsOwnTime.has(what));
    const steps = until < 0 ? all : all.slice(0, until);
    const theirs = await nodeSaid(Buffer.concat([hello, ...steps.map(({ frame }) => frame)]));
    const model = verdict(steps, nghttp2);
    // Resets that wait are not written to a connection that ends.
    const told = model.goaway === undefined ? theirs : { ...theirs, resets: model.resets };
    assert.deepEqual(told, model, `run ${run}: ${words(steps)}`);
  }
});

test("every difference of node:http2 that is listed is one", async () => {
  const random = seededRandom(seed);
  const unseen = new Set(Object.keys(nghttp2));
  for (let run = 0; run < 200_000 && unseen.size > 0; run++) {
    const steps = sequence(random);
    for (const name of unseen) {
      const without = verdict(steps, { ...nghttp2, [name]: false });
      if (!isDeepStrictEqual(without, verdict(steps, nghttp2))) unseen.delete(name);
    }
  }
  assert.deepEqual([...unseen], []);
});

function words(steps: readonly Step[]): string {
  return steps.map(({ what }) => what).join(", ");
}
