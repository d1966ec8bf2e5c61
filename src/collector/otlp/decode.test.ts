import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { decodeOtlp } from "./decode.ts";

/** Protobuf by hand: `[field, value]`, numbers as varint, bytes and text with their length, fixed by its width. */
type Part = readonly [field: number, value: number | string | Buffer | { readonly fixed: Buffer }];

function message(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map(([field, value]) => {
      if (typeof value === "number") return Buffer.concat([varint(field << 3), varint(value)]);
      if (typeof value === "string") return message([field, Buffer.from(value)]);
      if (Buffer.isBuffer(value))
        return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
      return Buffer.concat([varint((field << 3) | (value.fixed.length === 8 ? 1 : 5)), value.fixed]);
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const nanos = (value: bigint) => {
  const fixed = Buffer.alloc(8);
  fixed.writeBigUInt64LE(value);
  return { fixed };
};
const ids: readonly Part[] = [
  [1, Buffer.alloc(16, 0xab)],
  [2, Buffer.alloc(8, 0xcd)],
];
const service = message([1, message([1, "service.name"], [2, message([1, "shop"])])]);

/** One span in a whole request. */
const request = (...span: readonly Part[]): Buffer =>
  message([1, message([1, service], [2, message([2, message(...span)])])]);
const one = (...span: readonly Part[]) => decodeOtlp(request(...ids, ...span)).spans[0];
const attribute = (key: string, value: Buffer): Part => [9, message([1, key], [2, value])];

const refuses = (bytes: Uint8Array) =>
  assert.throws(
    () => decodeOtlp(bytes),
    (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED",
  );

test("an empty request has no spans", () => {
  assert.deepEqual(decodeOtlp(new Uint8Array()), { spans: [], rejected: 0 });
});

test("a span with nothing but ids has empty everything", () => {
  assert.deepEqual(one(), {
    resource: { service: "shop", attributes: {} },
    traceId: "ab".repeat(16),
    spanId: "cd".repeat(8),
    parentSpanId: undefined,
    traceState: undefined,
    flags: 0,
    name: "",
    kind: "internal",
    startUs: 0,
    durationUs: 0,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: { attributes: 0, events: 0, links: 0 },
  });
});

test("unknown fields of every wire type are skipped at every level", () => {
  const unknown: readonly Part[] = [
    [1000, 7],
    [1001, "text"],
    [1002, { fixed: Buffer.alloc(8) }],
    [1003, { fixed: Buffer.alloc(4) }],
  ];
  const span = message(...unknown, ...ids, ...unknown, [5, "x"], ...unknown);
  const bytes = message(
    ...unknown,
    [1, message(...unknown, [2, message(...unknown, [2, span], [3, "schema"])], [1, service], [3, "schema"])],
    ...unknown,
  );
  const { spans } = decodeOtlp(bytes);
  assert.equal(spans[0]?.name, "x");
  // The resource came after the spans here; the order of fields means nothing in protobuf.
  assert.equal(spans[0]?.resource.service, "shop");
});

test("spans with impossible ids are counted, the others are kept", () => {
  const good = message(...ids);
  const wrong = [
    message([2, Buffer.alloc(8, 1)]),
    message([1, Buffer.alloc(16, 1)]),
    message([1, Buffer.alloc(16)], [2, Buffer.alloc(8, 1)]),
    message([1, Buffer.alloc(15, 1)], [2, Buffer.alloc(8, 1)]),
    message([1, Buffer.alloc(16, 1)], [2, Buffer.alloc(9, 1)]),
    message(...ids, [4, Buffer.alloc(3, 1)]),
  ];
  const spans = [good, ...wrong, good].map((span): Part => [2, span]);
  const decoded = decodeOtlp(message([1, message([2, message(...spans)])]));
  assert.equal(decoded.spans.length, 2);
  assert.equal(decoded.rejected, wrong.length);
});

test("a parent of zeros means no parent", () => {
  assert.equal(one([4, Buffer.alloc(8)])?.parentSpanId, undefined);
  assert.equal(one([4, Buffer.alloc(8, 0xef)])?.parentSpanId, "ef".repeat(8));
});

test("an end before the start makes a duration of 0", () => {
  const span = one([7, nanos(5_000_000n)], [8, nanos(4_000_000n)]);
  assert.deepEqual([span?.startUs, span?.durationUs], [5000, 0]);
});

test("nanoseconds are cut to microseconds without losing the large part", () => {
  const span = one([7, nanos(1_795_409_017_282_001_999n)], [8, nanos(1_795_409_017_282_003_000n)]);
  assert.deepEqual([span?.startUs, span?.durationUs], [1_795_409_017_282_001, 2]);
});

test("the upper bits of flags are OTLP's own", () => {
  const fixed = Buffer.from([0x03, 0x03, 0, 0]);
  assert.equal(one([16, { fixed }])?.flags, 3);
});

test("kinds and codes nobody knows are read as the default", () => {
  assert.equal(one([6, 42])?.kind, "internal");
  assert.equal(one([6, 3])?.kind, "client");
  assert.deepEqual(one([15, message([3, 9])])?.status, { code: "unset" });
  assert.deepEqual(one([15, message([3, 2], [2, "no"])])?.status, { code: "error", message: "no" });
});

test("values of every type are read", () => {
  const half = Buffer.alloc(8);
  half.writeDoubleLE(0.5);
  const ten = Buffer.from("ffffffffffffffffff01", "hex");
  const span = one(
    attribute("text", message([1, "a"])),
    attribute("bool", message([2, 1])),
    attribute("int", message([3, 7])),
    attribute("minus", Buffer.concat([Buffer.from([3 << 3]), ten])),
    attribute("huge", Buffer.concat([Buffer.from([3 << 3]), Buffer.from("ffffffffffffffff7f", "hex")])),
    attribute("half", message([4, { fixed: half }])),
    attribute("bytes", message([7, Buffer.from([1, 2, 3])])),
    attribute("list", message([5, message([1, message([1, "x"])], [1, message([3, 2])])])),
    attribute("map", message([6, message([1, message([1, "k"], [2, message([2, 1])])])])),
    attribute("lists", message([5, message([1, message([5, message([1, message([3, 1])])])])])),
    attribute("none", message()),
    attribute("__proto__", message([1, "x"])),
  );
  assert.deepEqual(span?.attributes, {
    text: "a",
    bool: true,
    int: 7,
    minus: -1,
    huge: "9223372036854775807",
    half: 0.5,
    bytes: "AQID",
    list: ["x", 2],
    map: '{"k":true}',
    lists: ["[1]"],
  });
});

test("a process without a name is unknown_service", () => {
  const { spans } = decodeOtlp(message([1, message([2, message([2, message(...ids)])])]));
  assert.equal(spans[0]?.resource.service, "unknown_service");
});

test("lies about lengths, types and nesting are refused", () => {
  refuses(Buffer.from([0x0a]));
  refuses(Buffer.from([0x0a, 0x05, 0x01]));
  refuses(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]));
  refuses(Buffer.from([0x00, 0x01]));
  refuses(message([1, 5]));
  refuses(request(...ids, [5, 5]));
  refuses(request(...ids, [7, 5]));
  refuses(Buffer.from([0x0b, 0x0c]));
  let deep = message([1, "x"]);
  for (let i = 0; i < 40; i++) deep = message([5, message([1, deep])]);
  refuses(request(...ids, attribute("deep", deep)));
});
