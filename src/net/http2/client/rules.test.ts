import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type RawFrame, RawServer, rawFrame } from "../../../../test/support/http2-peer.ts";
import { manualClock, TuskerError } from "../../../kernel/index.ts";
import { http2Pool } from "../../http2.ts";
import { type errorCode, errorName } from "../words.ts";

// What a client of ours makes of servers that leave, refuse, say nothing, or break the rules.

const [DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [0, 1, 3, 4, 5, 6, 7, 8, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
const get = { method: "GET", path: "/" } as const;

/** `:status` 200. */
const ok = "88";
const head = (id: number, block = ok, flags = END_HEADERS): Buffer => rawFrame(HEADERS, flags, id, block);
const answer = (id: number): Buffer[] => [head(id), rawFrame(DATA, END_STREAM, id, "6f6b")];
const goaway = (last: number): Buffer => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(last);
  return rawFrame(GOAWAY, 0, 0, payload);
};
const isRequest = ({ type }: RawFrame): boolean => type === HEADERS;
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof TuskerError, String(failure));
  return failure;
};

test("a request above the last stream of a GOAWAY is asked again on a new connection", async () => {
  await using server = await RawServer.start((frame, { number }) => {
    if (!isRequest(frame)) return [];
    return number === 1 ? [goaway(0)] : answer(frame.id);
  });
  await using pool = http2Pool(server.origin);
  assert.equal(await (await pool.request(get)).text(10), "ok");
  assert.equal(server.connections, 2);
});

test("a request below the last stream of a GOAWAY is answered, and the next one takes a new connection", async () => {
  await using server = await RawServer.start((frame, { number }) => {
    if (!isRequest(frame)) return [];
    return number === 1 ? [goaway(frame.id), ...answer(frame.id)] : answer(frame.id);
  });
  await using pool = http2Pool(server.origin);
  for (const connections of [1, 2]) {
    assert.equal(await (await pool.request(get)).text(10), "ok");
    assert.equal(server.connections, connections);
  }
});

test("a refused stream is asked once more, and no oftener", async () => {
  let refusals = 0;
  const refused = rawFrame(RST, 0, 1, "00000007");
  await using once = await RawServer.start((frame) => {
    if (!isRequest(frame)) return [];
    return refusals++ === 0 ? [refused] : answer(frame.id);
  });
  await using pool = http2Pool(once.origin);
  assert.equal(await (await pool.request(get)).text(10), "ok");
  let asked = 0;
  await using always = await RawServer.start((frame) => {
    if (!isRequest(frame)) return [];
    asked++;
    return [rawFrame(RST, 0, frame.id, "00000007")];
  });
  await using other = http2Pool(always.origin);
  const failure = await failureOf(other.request(get));
  assert.deepEqual([failure.code, failure.details.sent, asked], ["NET_RESET", false, 2]);
});

test("while a stream is open the server is asked whether it is there; one that is not loses the connection", async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<void>();
  await using server = await RawServer.start((frame) => {
    if (isRequest(frame)) asked.resolve();
    return [];
  });
  await using pool = http2Pool(server.origin, { clock, keepaliveMs: 5_000, pingTimeoutMs: 1_000 });
  const lost = failureOf(pool.request({ ...get, headTimeoutMs: 3_600_000 }));
  await asked.promise;
  clock.advance(5_000);
  clock.advance(1_000);
  const failure = await lost;
  assert.equal(failure.code, "NET_RESET");
  assert.match(failure.message, /no answer to a PING within 1000 ms/);
});

test("also a connection that was asked to leave is given up when its server has gone", async () => {
  const clock = manualClock();
  const told = Promise.withResolvers<void>();
  await using server = await RawServer.start((frame, { number }) => {
    if (!isRequest(frame)) return [];
    // The first connection is told to leave with its request open, and is never heard of again.
    return number === 1 ? [goaway(frame.id)] : answer(frame.id);
  });
  await using pool = http2Pool(server.origin, { clock, keepaliveMs: 5_000, pingTimeoutMs: 1_000 });
  const lost = failureOf(pool.request({ ...get, headTimeoutMs: 3_600_000, onSent: told.resolve }));
  await told.promise;
  // A second connection shows that the GOAWAY has been read.
  while (server.connections < 2) await (await pool.request(get)).text(10).catch(() => "");
  clock.advance(5_000);
  clock.advance(1_000);
  assert.match((await lost).message, /no answer to a PING within 1000 ms/);
});

test("a server that never confirms our SETTINGS loses the connection", async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<void>();
  await using server = await RawServer.start(
    (frame) => {
      if (isRequest(frame)) asked.resolve();
      return frame.type === PING ? [rawFrame(PING, 1, 0, frame.payload)] : [];
    },
    { greeting: rawFrame(SETTINGS, 0, 0) },
  );
  await using pool = http2Pool(server.origin, { clock, keepaliveMs: 60_000 });
  const lost = failureOf(pool.request({ ...get, headTimeoutMs: 3_600_000 }));
  await asked.promise;
  clock.advance(10_000);
  assert.match((await lost).message, /SETTINGS were not acknowledged/);
});

test("a server that answers the PING keeps its connection", async () => {
  const clock = manualClock();
  const pinged = Promise.withResolvers<Buffer>();
  await using server = await RawServer.start(({ type, flags, payload }, { frames }) => {
    if (type !== PING || flags !== 0) return [];
    pinged.resolve(payload);
    const request = frames.find(isRequest);
    return [rawFrame(PING, 1, 0, payload), ...answer(request?.id ?? 0)];
  });
  await using pool = http2Pool(server.origin, { clock, keepaliveMs: 5_000 });
  const asking = pool.request({ ...get, headTimeoutMs: 3_600_000 });
  for (let passed = false; !passed; ) {
    clock.advance(1_000);
    passed = await Promise.race([
      pinged.promise.then(() => true),
      new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
    ]);
  }
  assert.equal(await (await asking).text(10), "ok");
  assert.equal(server.connections, 1);
});

test("requests above the server's limit wait for a free stream", async () => {
  const open: number[] = [];
  let most = 0;
  await using server = await RawServer.start((frame, { socket }) => {
    if (frame.type === SETTINGS && frame.flags === 0) return [rawFrame(SETTINGS, 0, 0, "000300000002")];
    if (!isRequest(frame)) return [];
    open.push(frame.id);
    most = Math.max(most, open.length);
    setImmediate(() => socket.write(Buffer.concat(answer(open.shift() ?? 0))));
    return [];
  });
  await using pool = http2Pool(server.origin);
  assert.equal(await (await pool.request(get)).text(10), "ok");
  const all = await Promise.all(Array.from({ length: 20 }, async () => (await pool.request(get)).text(10)));
  assert.deepEqual(
    all,
    Array.from({ length: 20 }, () => "ok"),
  );
  assert.ok(most <= 2, `${most} at once`);
  assert.equal(server.connections, 1);
});

const literal = (name: string, value: string): string =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]).toString("hex");

const connectionErrors: readonly [string, keyof typeof errorCode, (id: number) => readonly Buffer[]][] = [
  ["a PUSH_PROMISE", "PROTOCOL_ERROR", (id) => [rawFrame(PUSH, END_HEADERS, id, "0000000282")]],
  ["a stream of the server's", "PROTOCOL_ERROR", () => [head(2)]],
  ["an answer to nobody", "PROTOCOL_ERROR", () => [head(101)]],
  ["DATA for nobody", "PROTOCOL_ERROR", () => [rawFrame(DATA, 0, 101, "00")]],
  ["push turned on", "PROTOCOL_ERROR", () => [rawFrame(SETTINGS, 0, 0, "000200000001")]],
  ["a window that overflows", "FLOW_CONTROL_ERROR", () => [rawFrame(WINDOW, 0, 0, "7fffffff")]],
  ["a block that is no HPACK", "COMPRESSION_ERROR", (id) => [head(id, "fe")]],
  ["a frame that is too long", "FRAME_SIZE_ERROR", () => [rawFrame(0x77, 0, 0, Buffer.alloc(16_385))]],
  [
    "CONTINUATION without an end",
    "ENHANCE_YOUR_CALM",
    (id) => [
      rawFrame(HEADERS, 0, id, ok),
      ...Array.from({ length: 40 }, () => rawFrame(CONTINUATION, 0, id)),
    ],
  ],
  [
    "a flood of PINGs",
    "ENHANCE_YOUR_CALM",
    () => Array.from({ length: 1_100 }, () => rawFrame(PING, 0, 0, "0000000000000000")),
  ],
];

for (const [what, code, frames] of connectionErrors)
  test(`${what} breaks the connection, and the next request takes a new one`, async () => {
    const told = Promise.withResolvers<string>();
    await using server = await RawServer.start((frame, { number }) => {
      if (frame.type === GOAWAY && number === 1) told.resolve(errorName(frame.payload.readUInt32BE(4)));
      if (!isRequest(frame)) return [];
      return number === 1 ? frames(frame.id) : answer(frame.id);
    });
    await using pool = http2Pool(server.origin);
    const failure = await failureOf(pool.request(get));
    assert.equal(failure.code, "NET_RESET");
    assert.equal(await told.promise, code);
    assert.equal(await (await pool.request(get)).text(10), "ok");
    assert.equal(server.connections, 2);
  });

const streamErrors: readonly [string, (id: number) => readonly Buffer[]][] = [
  ["DATA before the head", (id) => [rawFrame(DATA, END_STREAM, id, "00")]],
  ["an answer without :status", (id) => [head(id, literal("a", "1"), 5)]],
  ["a :status that is none", (id) => [head(id, literal(":status", "abc"), 5)]],
  ["101", (id) => [head(id, literal(":status", "101"), 5)]],
  ["an interim head that ends the stream", (id) => [head(id, literal(":status", "103"), 5)]],
  ["an upper-case name", (id) => [head(id, `${ok}${literal("X-A", "1")}`, 5)]],
  ["a pseudo field of requests", (id) => [head(id, `${ok}82`, 5)]],
  ["a body that is too short", (id) => [head(id, `${ok}0f0d0139`), rawFrame(DATA, END_STREAM, id, "00")]],
  ["a body that is too long", (id) => [head(id, `${ok}0f0d0131`), rawFrame(DATA, END_STREAM, id, "0000")]],
  ["a second head", (id) => [head(id), head(id)]],
  ["trailers with a pseudo field", (id) => [head(id), head(id, ok, 5)]],
  ["a window of the stream that overflows", (id) => [rawFrame(WINDOW, 0, id, "7fffffff")]],
  [
    "more DATA than the window",
    (id) => [head(id), ...Array.from({ length: 40 }, () => rawFrame(DATA, 0, id, Buffer.alloc(16_384)))],
  ],
];

for (const [what, frames] of streamErrors)
  test(`${what} fails its request alone: the connection goes on`, async () => {
    const reset = Promise.withResolvers<string>();
    await using server = await RawServer.start((frame) => {
      if (frame.type === RST) reset.resolve(errorName(frame.payload.readUInt32BE(0)));
      if (!isRequest(frame)) return [];
      return frame.id === 1 ? frames(frame.id) : answer(frame.id);
    });
    await using pool = http2Pool(server.origin);
    const asking = pool.request(get).then(async (given) => {
      // Nothing is read before: a reader would give the server's window back.
      await reset.promise;
      return given.text(10_000_000);
    });
    assert.equal((await failureOf(asking)).code, "NET_RESET");
    assert.equal(await (await pool.request(get)).text(10), "ok");
    assert.equal(server.connections, 1);
    assert.match(await reset.promise, /PROTOCOL_ERROR|FLOW_CONTROL_ERROR/);
  });

test("no list of fields longer than allowed is kept, and its request fails", async () => {
  const long = `${ok}${literal("a", "b".repeat(100)).repeat(60)}`;
  await using server = await RawServer.start((frame) => (isRequest(frame) ? [head(frame.id, long, 5)] : []));
  await using pool = http2Pool(server.origin, { maxHeadBytes: 4_096 });
  assert.match((await failureOf(pool.request(get))).message, /longer than we said/);
});
