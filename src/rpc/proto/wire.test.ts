import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { decodeValue, encodeValue } from "./value.ts";
import { ByteReader, ByteWriter, WireError, wireType } from "./wire.ts";

const hexOf = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter(1);
  write(writer);
  return writer.finish().toString("hex");
};
const reader = (hex: string): ByteReader => new ByteReader(Buffer.from(hex, "hex"));

test("numbers, texts and tags are written as the encoding guide shows", () => {
  assert.equal(
    hexOf((w) => w.varint(0)),
    "00",
  );
  assert.equal(
    hexOf((w) => w.varint(150)),
    "9601",
  );
  assert.equal(
    hexOf((w) => w.varint(-2)),
    "feffffffffffffffff01",
  );
  assert.equal(
    hexOf((w) => w.varint(Number.MAX_SAFE_INTEGER)),
    "ffffffffffffff0f",
  );
  assert.equal(
    hexOf((w) => w.double(25.4)),
    "6666666666663940",
  );
  assert.equal(
    hexOf((w) => w.string("testing")),
    "0774657374696e67",
  );
  assert.equal(
    hexOf((w) => w.tag(2, wireType.bytes)),
    "12",
  );
  assert.equal(
    hexOf((w) => w.tag(536_870_911, wireType.varint)),
    "f8ffffff0f",
  );
});

test("tags and numbers of every size read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 536_870_911 }), fc.constantFrom(0, 1, 2, 5), (number, type) => {
      const writer = new ByteWriter(1);
      writer.tag(number, type);
      assert.deepEqual(new ByteReader(writer.finish()).tag(), { number, type });
    }),
  );
});

test("texts longer than the buffer read back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
      const writer = new ByteWriter(1);
      writer.string(text);
      writer.string("end");
      const back = new ByteReader(writer.finish());
      assert.deepEqual([back.string(), back.string(), back.done], [text, "end", true]);
    }),
    { numRuns: 50 },
  );
});

test("the edges of what a number can hold exactly", () => {
  assert.equal(reader("ffffffffffffff0f").int64(), Number.MAX_SAFE_INTEGER);
  assert.throws(() => reader("8080808080808010").int64(), WireError);
  assert.equal(reader("8180808080808080f001").done, false);
  assert.equal(reader("feffffffffffffffff01").int64(), -2);
});

test("every way to end too early or too late is refused", () => {
  const broken: [string, (r: ByteReader) => unknown][] = [
    ["", (r) => r.tag()],
    ["80", (r) => r.int64()],
    ["8080808080808080808001", (r) => r.int64()],
    ["00", (r) => r.tag()],
    ["05616263", (r) => r.bytes()],
    ["ffffffffffffffff01", (r) => r.bytes()],
    ["01020304", (r) => r.double()],
    ["0102", (r) => r.skip(wireType.fixed32)],
    ["00", (r) => r.skip(3)],
    ["00", (r) => r.skip(4)],
    ["00", (r) => r.skip(7)],
    ["01ff", (r) => r.string()],
  ];
  for (const [hex, read] of broken) assert.throws(() => read(reader(hex)), WireError, hex);
});

test("skipping stands where reading would", () => {
  for (const [hex, type] of [
    ["9601", wireType.varint],
    ["0000000000000000", wireType.fixed64],
    ["03616263", wireType.bytes],
    ["00000000", wireType.fixed32],
  ] as const) {
    const at = reader(`${hex}2a`);
    at.skip(type);
    assert.equal(at.int64(), 42);
    assert.equal(at.done, true);
  }
});

test("a field's path stands before its reason", () => {
  assert.equal(new WireError("is wrong").message, "is wrong");
  assert.equal(new WireError("is wrong", ["items", "0", "count"]).message, "items.0.count is wrong");
});

test("any JSON survives google.protobuf.Value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(JSON.stringify(decodeValue(encodeValue(value))), JSON.stringify(value));
    }),
    { numRuns: 100 },
  );
});

test("Values are written as struct.proto says", () => {
  const hex = (value: unknown): string => Buffer.from(encodeValue(value)).toString("hex");
  assert.equal(hex(null), "0800");
  assert.equal(hex(1), "11000000000000f03f");
  assert.equal(hex("a"), "1a0161");
  assert.equal(hex(true), "2001");
  assert.equal(hex({ a: null, b: undefined }), "2a090a070a0161120208" + "00");
  assert.equal(hex(["a"]), "32050a031a0161");
  assert.throws(() => encodeValue(() => 1), WireError);
  assert.throws(() => encodeValue(1n), WireError);
});

test("a Value nested without end is refused", () => {
  let deep: unknown = null;
  for (let i = 0; i < 150; i++) deep = [deep];
  assert.throws(() => decodeValue(encodeValue(deep)), WireError);
});

test("an empty Value is null, and the last of several wins", () => {
  assert.equal(decodeValue(new Uint8Array()), null);
  assert.equal(decodeValue(Buffer.from("20011a0161", "hex")), "a");
  assert.equal(decodeValue(Buffer.from("1a01612001", "hex")), true);
});
