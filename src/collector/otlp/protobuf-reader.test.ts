import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import { ProtobufReader, wireType } from "./protobuf-reader.ts";

/** A varint by BigInt, apart from every writer of ours. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const refuses = (run: () => unknown) =>
  assert.throws(run, (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED");

test("every 64-bit integer is read: as number where exact, else as text", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const read = new ProtobufReader(varint(value)).int64();
      if (BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER))
        assert.equal(read, Number(value));
      else assert.equal(read, value.toString());
    }),
    { numRuns: 500 },
  );
});

test("integers at every boundary of the encoding", () => {
  for (let bits = 0n; bits < 63n; bits++) {
    for (const value of [2n ** bits - 1n, 2n ** bits, -(2n ** bits)]) {
      const read = new ProtobufReader(varint(value)).int64();
      assert.equal(BigInt(read), value);
    }
  }
});

test("unsigned varints are exact to 2^53, also in more bytes than they need", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.equal(new ProtobufReader(varint(BigInt(value))).varint(), value);
    }),
  );
  assert.equal(new ProtobufReader(Buffer.from([0x81, 0x80, 0x80, 0x00])).varint(), 1);
});

test("nanoseconds become microseconds as whole division does it", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n }), (nanos) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(nanos);
      assert.equal(BigInt(new ProtobufReader(bytes).nanosAsUs()), nanos / 1000n);
    }),
    { numRuns: 500 },
  );
});

test("fields are walked with number and wire type, and skipped by it", () => {
  const reader = new ProtobufReader(
    Buffer.concat([
      varint((1n << 3n) | 0n),
      varint(300n),
      varint((2n << 3n) | 1n),
      Buffer.alloc(8),
      varint((3n << 3n) | 2n),
      varint(2n),
      Buffer.from("hi"),
      varint((536_870_911n << 3n) | 5n),
      Buffer.alloc(4),
    ]),
  );
  const seen: number[][] = [];
  while (reader.next()) {
    seen.push([reader.field, reader.wire]);
    reader.skip();
  }
  assert.deepEqual(seen, [
    [1, wireType.varint],
    [2, wireType.fixed64],
    [3, wireType.bytes],
    [536_870_911, wireType.fixed32],
  ]);
});

test("a message inside cannot be read beyond its end", () => {
  const outer = new ProtobufReader(Buffer.from([0x0a, 0x01, 0x12, 0x05, 0x05]));
  assert.ok(outer.next());
  const inner = outer.message();
  assert.ok(inner.next());
  refuses(() => inner.text());
});

test("numbers longer than ten bytes, groups and field 0 are refused", () => {
  refuses(() => new ProtobufReader(Buffer.alloc(11, 0x80)).varint());
  refuses(() => new ProtobufReader(Buffer.from([0x80])).varint());
  refuses(() => new ProtobufReader(Buffer.from([0x02])).next());
  for (const key of [0x0b, 0x0c, 0x0e, 0x0f]) {
    const reader = new ProtobufReader(Buffer.from([key, 0]));
    assert.ok(reader.next());
    refuses(() => reader.skip());
  }
});

test("a text with a huge length is refused before anything is allocated", () => {
  refuses(() => new ProtobufReader(Buffer.concat([varint(2n ** 40n), Buffer.from("x")])).text());
  refuses(() => new ProtobufReader(Buffer.concat([varint(2n ** 63n), Buffer.from("x")])).hex());
});
