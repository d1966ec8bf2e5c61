/**
 * Clients of HTTP/2 that mean harm, many at once, against a service in a process of its own: each gets the error of RFC
 * 9113 on the right scope, the memory of the process stays bounded, and a neighbour's calls are answered all the while.
 */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { residentMegabytesOf } from "../../bench/load/process-cost.ts";
import { type errorCode, errorName } from "../../src/net/http2/words.ts";
import { client } from "../../src/rpc/index.ts";
import { getBlock, hello, RawPeer, rawFrame } from "../support/http2-peer.ts";
import { type JobProcess, Jobs, startJobs } from "../support/jobs.ts";

const [DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION] = [
  0, 1, 2, 3, 4, 6, 7, 8, 9,
];
const [END_STREAM, END_HEADERS] = [1, 4];

/** Attackers at once. */
const crowd = 12;
/** What the process may hold more than before all attacks, its garbage included. */
const mostMegabytes = 120;
/** A neighbour's call: its deadline. */
const neighbourMs = 5_000;

let server: JobProcess;
const neighbour = () => client(Jobs, { protocol: "grpc", url: `http://127.0.0.1:${server.grpcPort}` });
let quietMegabytes = 0;

before(async () => {
  server = await startJobs();
  await using jobs = neighbour();
  for (let n = 0; n < 500; n++) await jobs.work({ n });
  quietMegabytes = residentMegabytesOf(server.child.pid ?? 0);
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

/** A literal whose name is in the static table, by its first bytes. */
const literal = (prefix: string, value: string): Buffer =>
  Buffer.concat([Buffer.from(prefix, "hex"), Buffer.from([value.length]), Buffer.from(value)]);
/** The head of a call that the service would answer: `:method` POST, `:scheme` http. */
const callBlock = Buffer.concat([
  Buffer.from("8386", "hex"),
  literal("04", "/job_service.JobService/Work"),
  literal("01", "a"),
  literal("0f10", "application/grpc"),
]);
const repeat = (times: number, make: (i: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: times }, (_, i) => make(i)));
const open = (id: number, more = 0): Buffer => rawFrame(HEADERS, END_HEADERS | more, id, callBlock);
const word = (type: number, id: number, value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return rawFrame(type, 0, id, payload);
};
const setting = (id: number, value: number): Buffer => {
  const payload = Buffer.alloc(6);
  payload.writeUInt32BE(value, payload.writeUInt16BE(id));
  return rawFrame(SETTINGS, 0, 0, payload);
};
/** A literal field that goes into the table: `z` and 3,900 bytes, then as many references to it. */
const bomb = Buffer.concat([
  getBlock,
  Buffer.from("40017a7fbd1d", "hex"),
  Buffer.alloc(3_900, "a"),
  Buffer.alloc(12_000, 0xbe),
]);

interface Attack {
  readonly what: string;
  readonly bytes: Buffer;
  /** The connection's end, or the answer that shows that only a stream was harmed. */
  readonly ends: keyof typeof errorCode | { readonly reset: keyof typeof errorCode } | "431";
}

const attacks: readonly Attack[] = [
  {
    what: "rapid reset",
    bytes: repeat(5_000, (i) => Buffer.concat([open(i * 2 + 1), word(RST, i * 2 + 1, 8)])),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "streams that make the server reset them",
    bytes: repeat(2_000, (i) => Buffer.concat([open(i * 2 + 1), word(WINDOW, i * 2 + 1, 0)])),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a CONTINUATION flood",
    bytes: Buffer.concat([
      rawFrame(HEADERS, END_STREAM, 1, "82"),
      repeat(100, () => rawFrame(CONTINUATION, 0, 1, Buffer.alloc(16_000, 0x82))),
    ]),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a flood of empty CONTINUATIONs",
    bytes: Buffer.concat([
      rawFrame(HEADERS, END_STREAM, 1, "82"),
      repeat(50_000, () => rawFrame(CONTINUATION, 0, 1)),
    ]),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a SETTINGS flood",
    bytes: repeat(50_000, () => rawFrame(SETTINGS, 0, 0)),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a PING flood",
    bytes: repeat(50_000, () => rawFrame(PING, 0, 0, "0000000000000000")),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a flood of resets of nothing",
    bytes: repeat(10_000, () => word(RST, 1, 8)),
    ends: "PROTOCOL_ERROR",
  },
  {
    what: "a flood of resets of a stream that is over",
    bytes: Buffer.concat([open(1), repeat(10_000, () => word(RST, 1, 8))]),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "a flood of empty DATA",
    bytes: Buffer.concat([open(1), repeat(50_000, () => rawFrame(DATA, 0, 1))]),
    ends: "ENHANCE_YOUR_CALM",
  },
  {
    what: "cycles of priorities",
    bytes: repeat(20_000, (i) =>
      rawFrame(PRIORITY, 0, 1 + (i % 2) * 2, i % 2 === 0 ? "0000000300" : "0000000100"),
    ),
    ends: "ENHANCE_YOUR_CALM",
  },
  { what: "an HPACK bomb", bytes: rawFrame(HEADERS, 5, 1, bomb), ends: "431" },
  {
    what: "a table that grows and shrinks",
    bytes: rawFrame(HEADERS, 5, 1, Buffer.concat([Buffer.from("203fe11f203fe11f", "hex"), getBlock])),
    ends: "COMPRESSION_ERROR",
  },
  {
    what: "a number without an end in HPACK",
    bytes: rawFrame(HEADERS, 5, 1, "ffffffffffffffffff7f"),
    ends: "COMPRESSION_ERROR",
  },
  { what: "a window that overflows", bytes: word(WINDOW, 0, 2 ** 31 - 1), ends: "FLOW_CONTROL_ERROR" },
  {
    what: "a window of a stream that overflows",
    bytes: Buffer.concat([open(1), word(WINDOW, 1, 2 ** 31 - 1)]),
    ends: { reset: "FLOW_CONTROL_ERROR" },
  },
  {
    what: "a frame that is too long",
    bytes: rawFrame(0x77, 0, 0, Buffer.alloc(16_385)),
    ends: "FRAME_SIZE_ERROR",
  },
  { what: "DATA on an idle stream", bytes: rawFrame(DATA, 0, 7, "00"), ends: "PROTOCOL_ERROR" },
  {
    what: "HEADERS after the end",
    bytes: Buffer.concat([open(1), rawFrame(DATA, END_STREAM, 1), open(1, END_STREAM)]),
    ends: { reset: "STREAM_CLOSED" },
  },
  { what: "a PING of one byte", bytes: rawFrame(PING, 0, 0, "00"), ends: "FRAME_SIZE_ERROR" },
];

for (const attack of attacks) {
  test(`${attack.what}, from ${crowd} clients at once`, async (t) => {
    await using jobs = neighbour();
    let [answered, slowest, over] = [0, 0, false];
    const calling = (async () => {
      while (!over || answered < 10) {
        const asked = performance.now();
        assert.deepEqual(await jobs.work({ n: answered }, { timeoutMs: neighbourMs }), { n: answered });
        slowest = Math.max(slowest, performance.now() - asked);
        answered++;
      }
    })();
    await Promise.all(Array.from({ length: crowd }, () => attacked(attack)));
    over = true;
    await calling;
    const grown = residentMegabytesOf(server.child.pid ?? 0) - quietMegabytes;
    assert.ok(grown < mostMegabytes, `${grown.toFixed(0)} MiB more than before`);
    t.diagnostic(
      `${answered} calls of the neighbour, the slowest ${slowest.toFixed(0)} ms; ${grown.toFixed(0)} MiB more`,
    );
  });
}

async function attacked({ bytes, ends }: Attack): Promise<void> {
  await using peer = await RawPeer.to(server.grpcPort);
  peer.send(hello, bytes);
  if (typeof ends === "string" && ends !== "431") {
    const goaway = await peer.frame(({ type }) => type === GOAWAY);
    assert.equal(errorName(goaway?.payload.readUInt32BE(4) ?? 99), ends);
    await peer.frame(() => false);
    assert.equal(peer.closed, true);
    return;
  }
  const answer = await peer.frame(({ type, id }) => id === 1 && (type === RST || type === HEADERS));
  if (ends === "431") assert.match(answer?.payload.toString("latin1") ?? "", /431/);
  else assert.equal(errorName(answer?.payload.readUInt32BE(0) ?? 99), ends.reset);
  // Only a stream was harmed: the connection answers.
  peer.send(rawFrame(PING, 0, 0, "00000000000000ff"));
  assert.ok(
    await peer.frame(({ type, flags, payload }) => type === PING && flags === 1 && payload[7] === 0xff),
  );
}

test("clients that ask and never read, or never finish what they say, cost a bounded amount of memory", async (t) => {
  await using stack = new AsyncDisposableStack();
  const names = ["stops reading", "closes its window", "never ends a block", "never ends a message"];
  const said: readonly Buffer[] = [
    repeat(3_000, (i) => open(i * 2 + 1, END_STREAM)),
    Buffer.concat([setting(4, 0), repeat(100, (i) => open(i * 2 + 1, END_STREAM))]),
    rawFrame(HEADERS, END_STREAM, 1, "82"),
    Buffer.concat([
      open(1),
      rawFrame(DATA, 0, 1, Buffer.concat([Buffer.from("00003fffff", "hex"), Buffer.alloc(16_000)])),
    ]),
  ];
  for (let i = 0; i < crowd * 4; i++) {
    const peer = stack.use(await RawPeer.to(server.grpcPort));
    if (i % 4 === 0) peer.socket.pause();
    peer.send(hello, said[i % 4] ?? Buffer.alloc(0));
  }
  await using jobs = neighbour();
  for (let n = 0; n < 100; n++) assert.deepEqual(await jobs.work({ n }, { timeoutMs: neighbourMs }), { n });
  const grown = residentMegabytesOf(server.child.pid ?? 0) - quietMegabytes;
  assert.ok(grown < mostMegabytes, `${grown.toFixed(0)} MiB more than before`);
  t.diagnostic(`${crowd} each of clients that ${names.join(", ")}: ${grown.toFixed(0)} MiB more`);
});
