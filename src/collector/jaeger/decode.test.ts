import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { decodeJaeger } from "./decode.ts";

/** Thrift by hand: a field is a type byte, a 16-bit number and a value. */
function field(type: number, number: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt8(type);
  head.writeInt16BE(number, 1);
  return Buffer.concat([head, value]);
}
const stop = Buffer.from([0]);
const struct = (...fields: Buffer[]) => Buffer.concat([...fields, stop]);
const i32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const i64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};
const text = (value: string) => Buffer.concat([i32(Buffer.byteLength(value)), Buffer.from(value)]);
const list = (...items: Buffer[]) => Buffer.concat([Buffer.from([12]), i32(items.length), ...items]);

const process = field(12, 1, struct(field(11, 1, text("shop"))));
const batch = (...spans: Buffer[]) => struct(process, field(15, 2, list(...spans)));
const ids = [field(10, 1, i64(0x11n)), field(10, 2, i64(0x22n)), field(10, 3, i64(0x33n))];
const one = (...fields: Buffer[]) => decodeJaeger(batch(struct(...ids, ...fields)))[0];
const reference = (kind: number, low: bigint, high: bigint, span: bigint) =>
  struct(field(8, 1, i32(kind)), field(10, 2, i64(low)), field(10, 3, i64(high)), field(10, 4, i64(span)));
const tag = (key: string, type: number, value: Buffer) =>
  struct(field(11, 1, text(key)), field(8, 2, i32(type)), value);

const refuses = (bytes: Buffer) =>
  assert.throws(
    () => decodeJaeger(bytes),
    (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED",
  );

test("ids are joined from their halves", () => {
  const span = one();
  assert.equal(span?.traceId, "0000000000000022" + "0000000000000011");
  assert.equal(span?.spanId, "0000000000000033");
  assert.equal(span?.parentSpanId, undefined);
  assert.equal(span?.resource.service, "shop");
});

test("the parent is the field, or the first CHILD_OF reference of the same trace", () => {
  assert.equal(one(field(10, 4, i64(0x44n)))?.parentSpanId, "0000000000000044");
  const span = one(
    field(10, 4, i64(0n)),
    field(
      15,
      6,
      list(
        reference(1, 0x11n, 0x22n, 0x77n),
        reference(0, 0x99n, 0x22n, 0x66n),
        reference(0, 0x11n, 0x22n, 0x55n),
      ),
    ),
  );
  assert.equal(span?.parentSpanId, "0000000000000055");
  assert.deepEqual(
    span?.links.map((link) => link.spanId),
    ["0000000000000077", "0000000000000066"],
  );
});

test("tags of every type, and those that mean kind and status", () => {
  const half = Buffer.alloc(8);
  half.writeDoubleBE(0.5);
  const span = one(
    field(
      15,
      10,
      list(
        tag("text", 0, field(11, 3, text("é"))),
        tag("double", 1, field(4, 4, half)),
        tag("bool", 2, field(2, 5, Buffer.from([1]))),
        tag("long", 3, field(10, 6, i64(-9n))),
        tag("huge", 3, field(10, 6, i64(2n ** 62n))),
        tag("bytes", 4, field(11, 7, Buffer.concat([i32(3), Buffer.from([1, 2, 3])]))),
        tag("span.kind", 0, field(11, 3, text("client"))),
        tag("error", 2, field(2, 5, Buffer.from([1]))),
        tag("otel.status_description", 0, field(11, 3, text("boom"))),
      ),
    ),
  );
  assert.deepEqual(span?.attributes, {
    text: "é",
    double: 0.5,
    bool: true,
    long: -9,
    huge: (2n ** 62n).toString(),
    bytes: "AQID",
  });
  assert.equal(span?.kind, "client");
  assert.deepEqual(span?.status, { code: "error", message: "boom" });
});

test("only the value that the type names counts, for clients of Node.js fill the others with zeros", () => {
  const filled = struct(
    field(11, 1, text("a")),
    field(8, 2, i32(3)),
    field(11, 3, text("")),
    field(4, 4, Buffer.alloc(8)),
    field(2, 5, Buffer.from([0])),
    field(10, 6, i64(42n)),
    field(11, 7, Buffer.concat([i32(8), Buffer.alloc(8)])),
  );
  const unknownType = struct(field(11, 1, text("b")), field(8, 2, i32(9)), field(11, 3, text("x")));
  assert.deepEqual(one(field(15, 10, list(filled, unknownType)))?.attributes, { a: 42 });
});

test("a log is named by its event field", () => {
  const fields = list(tag("event", 0, field(11, 3, text("miss"))), tag("key", 0, field(11, 3, text("k"))));
  const span = one(
    field(15, 11, list(struct(field(10, 1, i64(5n)), field(15, 2, fields)), struct(field(10, 1, i64(6n))))),
  );
  assert.deepEqual(span?.events, [
    { timeUs: 5, name: "miss", attributes: { key: "k" } },
    { timeUs: 6, name: "log", attributes: {} },
  ]);
});

test("fields nobody knows are skipped, of every type and nesting", () => {
  const unknown = Buffer.concat([
    field(2, 90, Buffer.from([1])),
    field(3, 91, Buffer.from([1])),
    field(4, 92, Buffer.alloc(8)),
    field(6, 93, Buffer.alloc(2)),
    field(8, 94, i32(1)),
    field(10, 95, i64(1n)),
    field(11, 96, text("x")),
    field(12, 97, struct(field(11, 1, text("y")))),
    field(13, 98, Buffer.concat([Buffer.from([11, 8]), i32(1), text("k"), i32(1)])),
    field(14, 99, Buffer.concat([Buffer.from([8]), i32(2), i32(1), i32(2)])),
    field(15, 100, Buffer.concat([Buffer.from([11]), i32(1), text("z")])),
    // A known number of another type is as unknown as the others.
    field(8, 5, i32(5)),
  ]);
  const bytes = struct(
    unknown,
    process,
    field(15, 2, list(struct(...ids, unknown, field(11, 5, text("x"))))),
  );
  // Field 5 of the batch is its statistics.
  assert.equal(decodeJaeger(bytes)[0]?.name, "x");
});

test("a negative duration is 0, and a missing process is unknown_service", () => {
  assert.equal(one(field(10, 9, i64(-5n)))?.durationUs, 0);
  const nameless = decodeJaeger(struct(field(15, 2, list(struct(...ids)))));
  assert.equal(nameless[0]?.resource.service, "unknown_service");
});

test("lies about lengths, types and nesting are refused", () => {
  refuses(Buffer.alloc(0));
  refuses(batch(struct()));
  refuses(batch(struct(...ids)).subarray(0, -1));
  refuses(struct(field(11, 9, i32(1000))));
  refuses(struct(field(11, 9, i32(-1))));
  refuses(struct(field(15, 2, Buffer.concat([Buffer.from([12]), i32(0x7fffffff)]))));
  refuses(struct(field(15, 2, Buffer.concat([Buffer.from([12]), i32(-1)]))));
  refuses(struct(field(15, 2, Buffer.concat([Buffer.from([8]), i32(1), i32(1)]))));
  refuses(struct(field(99, 1, Buffer.alloc(0))));
  let deep = struct();
  for (let i = 0; i < 100; i++) deep = struct(field(12, 90, deep));
  refuses(deep);
});
