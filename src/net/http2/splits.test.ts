import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { getBlock, hello, postBlock, rawFrame } from "../../../test/support/http2-peer.ts";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import { serveHttp2 } from "../http2.ts";
import { FrameReader } from "./frame-reader.ts";
import { ServerConnection } from "./server/connection.ts";
import { Unsent } from "./server/unsent.ts";
import type { StreamHandler } from "./streams.ts";
import { Http2Error } from "./words.ts";

/** What a reader makes of pieces, as text. */
function read(pieces: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader({
    frame: (type, flags, id, bytes, from, end) =>
      seen.push(`${type} ${flags} ${id} ${bytes.toString("hex", from, end)}`),
  });
  try {
    for (const piece of pieces) {
      reader.push(piece);
      // Bytes are lent: whoever kept them is found out.
      piece.fill(0xee);
    }
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    seen.push(error.message);
  }
  return seen;
}

const recorded = Buffer.concat([
  hello.subarray(24),
  rawFrame(1, 4, 1, postBlock),
  rawFrame(0, 0, 1, Buffer.alloc(300, 7)),
  rawFrame(0, 1, 1),
  rawFrame(6, 0, 0, "0102030405060708"),
  rawFrame(1, 5, 3, getBlock),
  rawFrame(0xfe, 0xff, 0x7fff_ffff, "00"),
]);

test("a recorded connection, cut at every byte, is the same frames", () => {
  const whole = read([Buffer.from(recorded)]);
  assert.equal(whole.length, 7);
  for (let at = 0; at <= recorded.byteLength; at++) {
    const [first, second] = [recorded.subarray(0, at), recorded.subarray(at)];
    assert.deepEqual(read([Buffer.from(first), Buffer.from(second)]), whole, `cut at ${at}`);
  }
  assert.deepEqual(read([...recorded].map((byte) => Buffer.from([byte]))), whole, "byte by byte");
});

test("whatever frames, cut wherever, are the same frames or the same error", () => {
  const frame = fc
    .tuple(
      fc.nat(255),
      fc.nat(255),
      fc.nat(2 ** 31 - 1),
      fc.oneof(fc.nat(40), fc.constantFrom(16_384, 16_385)),
    )
    .map(([type, flags, id, length]) => rawFrame(type, flags, id, Buffer.alloc(length, type)));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.nat(60), { maxLength: 30 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.byteLength]) {
          pieces.push(Buffer.from(bytes.subarray(at, at + cut)));
          at += cut;
        }
        assert.deepEqual(read(pieces), read([Buffer.from(bytes)]));
      },
    ),
  );
});

/** What a client of node:http2 said to a server of ours: a body, trailers, a head of several frames, a request after. */
async function recordedClient(): Promise<Buffer> {
  await using server = await serveHttp2(
    async (exchange) => exchange.respond({ status: 200, body: await exchange.bytes(100_000) }),
    { port: 0 },
  );
  const said: Buffer[] = [];
  const relay = createServer((inner) => {
    const outer = connect(server.port, "127.0.0.1");
    inner.on("data", (bytes) => said.push(bytes));
    inner
      .on("error", () => {})
      .pipe(outer.on("error", () => {}))
      .pipe(inner);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`);
  const post = session.request(
    { ":method": "POST", ":path": "/post", "x-long": "a".repeat(600) },
    { endStream: false, waitForTrailers: true },
  );
  post.on("wantTrailers", () => post.sendTrailers({ "x-end": "1" }));
  post.end(Buffer.alloc(1_500, "b"));
  await once(post.resume(), "end");
  const get = session.request({ ":path": "/get", cookie: "a=b", "x-long": "a".repeat(600) });
  await once(get.resume(), "end");
  session.close();
  await once(session, "close");
  relay.close();
  return Buffer.concat(said);
}

/** Everything a server makes of the pieces, and everything it says. */
function served(pieces: readonly Buffer[]): { readonly heard: readonly string[]; readonly said: string } {
  const heard: string[] = [];
  const said: Uint8Array[] = [];
  const handler: StreamHandler = (stream, fields) => {
    let body = "";
    heard.push(fields.join("|"));
    return {
      onHead() {},
      onData(bytes) {
        body += Buffer.from(bytes).toString("latin1");
        stream.consumed(bytes.byteLength);
      },
      onEnd(trailers) {
        heard.push(body, trailers.join("|"));
        stream.message({ fixed: [], varying: [":status", "200"] }, Buffer.from(body), undefined);
      },
      onFailed: ({ message }) => heard.push(message),
      onDrained() {},
    };
  };
  const nothing = (): void => {};
  const wire = {
    write(bytes: readonly Uint8Array[], done: () => void) {
      said.push(...bytes.map((piece) => Buffer.from(piece)));
      done();
    },
    ...{ pause: nothing, resume: nothing, hold: nothing, close: nothing, destroy: nothing },
  };
  const connection = new ServerConnection(wire, {
    limits: {
      maxConcurrentStreams: 100,
      maxListSize: 32_768,
      streamWindow: 65_535,
      connectionWindow: 262_140,
      extendedConnect: false,
    },
    handler,
    peer: { remoteAddress: "", secure: false, messages: { received: 0, sent: 0 } },
    ...{ handshakeMs: 10_000, idleMs: 60_000, ageMs: undefined, graceMs: 10_000, stallMs: 60_000 },
    clock: systemClock,
    random: seededRandom(1),
    unsent: new Unsent(1_048_576),
    onOver: nothing,
  });
  for (const piece of pieces) {
    connection.receive(piece);
    // Bytes are lent: whoever kept them is found out.
    piece.fill(0xee);
  }
  connection.connection.sender.flush();
  connection.close();
  return { heard, said: Buffer.concat(said).toString("hex") };
}

test("what a client of node:http2 said, cut at every byte, is the same requests and the same answers", async () => {
  const bytes = await recordedClient();
  const whole = served([Buffer.from(bytes)]);
  assert.equal(whole.heard.length, 6);
  assert.match(whole.heard[0] ?? "", /:path\|\/post/);
  assert.equal(whole.heard[2], "x-end|1");
  for (let at = 1; at < bytes.byteLength; at++)
    assert.deepEqual(
      served([Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]),
      whole,
      `cut at ${at}`,
    );
  assert.deepEqual(served([...bytes].map((byte) => Buffer.from([byte]))), whole, "byte by byte");
});
