import { strict as assert } from "node:assert";
import { test } from "node:test";
import { FrameCutter, getBlock, hello, rawFrame } from "../../../test/support/http2-peer.ts";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { ClientConnection } from "./client/connection.ts";
import type { ConnectionLimits } from "./role.ts";
import { ServerConnection } from "./server/connection.ts";
import { Unsent } from "./server/unsent.ts";
import type { StreamListener } from "./streams.ts";
import type { ConnectionWire } from "./wire.ts";
import { preface } from "./words.ts";

// How often a connection writes, counted where it hands its bytes to the socket.

const [DATA, HEADERS] = [0, 1];
const silent: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onFailed() {}, onDrained() {} };
const limits: ConnectionLimits = {
  ...{ maxConcurrentStreams: 100, maxListSize: 32_768, extendedConnect: false },
  ...{ streamWindow: 65_535, connectionWindow: 262_140 },
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A wire that takes everything at once, and what each write was made of. */
function counted(): { readonly wire: ConnectionWire; readonly writes: Uint8Array[][] } {
  const writes: Uint8Array[][] = [];
  const nothing = (): void => {};
  const wire = {
    write(pieces: readonly Uint8Array[], done: () => void) {
      // The memory goes round once it is written.
      writes.push(pieces.map((piece) => Buffer.from(piece)));
      done();
    },
    ...{ pause: nothing, resume: nothing, hold: nothing, close: nothing, destroy: nothing },
  };
  return { wire, writes };
}

const framesOf = (write: readonly Uint8Array[] | undefined, from: number = 0): number[] =>
  new FrameCutter().push(Buffer.concat(write ?? []).subarray(from)).map(({ type }) => type);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test("what 64 streams answer in one turn, at once or after promises, leaves in one write of one buffer", async () => {
  const { wire, writes } = counted();
  const head = { fixed: [":status", "200"], varying: ["x-own", "1"] };
  const tail = { fixed: ["x-status", "0"], varying: [] };
  let answers = 0;
  const connection = new ServerConnection(wire, {
    limits,
    handler(stream) {
      const answer = (): void => stream.message(head, Buffer.from("ok"), tail);
      if (answers++ % 2 === 0) answer();
      else
        void Promise.resolve()
          .then(() => Promise.resolve())
          .then(answer);
      return silent;
    },
    peer: { remoteAddress: "", secure: false, messages: { received: 0, sent: 0 } },
    ...{ handshakeMs: 10_000, idleMs: 60_000, ageMs: undefined, graceMs: 10_000, stallMs: 60_000 },
    ...{ clock: systemClock, random: seededRandom(1), unsent: new Unsent(1_048_576), onOver: () => {} },
  });
  connection.receive(Buffer.concat([hello, rawFrame(4, 1, 0)]));
  await turn();
  writes.length = 0;
  const requests = Array.from({ length: 64 }, (_, i) => rawFrame(HEADERS, 5, i * 2 + 1, getBlock));
  connection.receive(Buffer.concat(requests));
  await turn();
  assert.deepEqual(
    writes.map((pieces) => pieces.length),
    [1],
  );
  assert.deepEqual(framesOf(writes[0]), times(64, [HEADERS, DATA, HEADERS]).flat());
  connection.close();
});

test("what 64 callers ask in one turn leaves in one write of one buffer, with what a connection begins with", async () => {
  const { wire, writes } = counted();
  const connection = new ClientConnection(wire, {
    limits,
    ...{ idleMs: 60_000, keepaliveMs: 20_000, pingMs: 1_000, handshakeMs: 10_000, clock: systemClock },
    ...{ onChange: () => {}, onOver: () => {} },
  });
  const fixed = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"];
  const ask = (n: number): void =>
    connection.begin(silent).message({ fixed, varying: ["x-own", `${n}`] }, Buffer.from("hi"), undefined);
  for (let n = 0; n < 64; n += 2) {
    ask(n);
    void Promise.resolve().then(() => ask(n + 1));
  }
  await turn();
  assert.deepEqual(
    writes.map((pieces) => pieces.length),
    [1],
  );
  const [SETTINGS, WINDOW_UPDATE] = [4, 8];
  assert.deepEqual(framesOf(writes[0], preface.byteLength), [
    ...[SETTINGS, WINDOW_UPDATE],
    ...times(64, [HEADERS, DATA]).flat(),
  ]);
  connection.close();
});
