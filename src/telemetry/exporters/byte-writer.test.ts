import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteWriter } from "./byte-writer.ts";

function written(write: (out: ByteWriter) => void, firstSize = 8): Buffer {
  const out = new ByteWriter(firstSize);
  write(out);
  return Buffer.from(out.finish());
}

/** Any text, lone surrogates included. */
const units = fc
  .array(fc.nat({ max: 0xffff }), { maxLength: 60 })
  .map((list) => String.fromCharCode(...list));

/** The other direction, written apart from it. */
function varintAt(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value, next: i + 1 };
  }
}

test("whole numbers up to 2^53 are varints of the shortest length", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = written((out) => out.varint(value));
      assert.deepEqual(varintAt(bytes, 0), { value, next: bytes.length });
      assert.ok(bytes.length === 1 || bytes.at(-1) !== 0);
    }),
  );
  assert.equal(written((out) => out.varint(300)).toString("hex"), "ac02");
  assert.equal(written((out) => out.varint(Number.MAX_SAFE_INTEGER)).length, 8);
});

test("text is UTF-8, short or long, plain or not", () => {
  fc.assert(
    fc.property(units, (text) => {
      assert.equal(
        written((out) => out.utf8(text)).toString("hex"),
        Buffer.from(text, "utf8").toString("hex"),
      );
    }),
  );
  assert.equal(written((out) => out.utf8("\ud800")).toString("hex"), "efbfbd");
});

test("a part has its shortest length whatever room was left for it", () => {
  for (const room of [1, 2, 3])
    for (const size of [0, 1, 5, 126, 127, 128, 129, 16_383, 16_384, 20_000])
      for (const firstSize of [1, 8, size + room]) {
        const bytes = written((out) => {
          out.byte(9);
          const start = out.beginPart(room);
          for (let i = 0; i < size; i++) out.byte(i & 0x7f);
          out.endPart(start, room);
          out.byte(8);
        }, firstSize);
        const { value, next } = varintAt(bytes, 1);
        assert.deepEqual([value, bytes.length], [size, next + size + 1]);
        assert.ok(next === 2 || bytes[next - 1] !== 0);
        for (let i = 0; i < size; i++) assert.equal(bytes[next + i], i & 0x7f);
        assert.deepEqual([bytes[0], bytes.at(-1)], [9, 8]);
      }
});

test("parts nest, and each length is that of what follows", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 6 }), (sizes) => {
      const bytes = written((out) => {
        const starts = sizes.map((size) => {
          const start = out.beginPart();
          for (let i = 0; i < size; i++) out.byte(7);
          return start;
        });
        for (const start of starts.reverse()) out.endPart(start);
      });
      let at = 0;
      for (const size of sizes) {
        const { value, next } = varintAt(bytes, at);
        assert.equal(value, bytes.length - next);
        assert.ok(bytes.subarray(next, next + size).every((byte) => byte === 7));
        at = next + size;
      }
      assert.equal(at, bytes.length);
    }),
  );
});

test("fixed numbers have the order of bytes their names say", () => {
  const hex = (write: (out: ByteWriter) => void) => written(write).toString("hex");
  assert.equal(
    hex((out) => out.u32le(0x01020304)),
    "04030201",
  );
  assert.equal(
    hex((out) => out.u16be(0x0102)),
    "0102",
  );
  assert.equal(
    hex((out) => out.i32be(-2)),
    "fffffffe",
  );
  assert.equal(
    hex((out) => out.f64le(1)),
    "000000000000f03f",
  );
  assert.equal(
    hex((out) => out.f64be(1)),
    "3ff0000000000000",
  );
  assert.equal(
    hex((out) => out.hex("00ff10")),
    "00ff10",
  );
});

test("64-bit integers are right over the whole safe range", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(written((out) => out.i64be(value)).readBigInt64BE(), BigInt(value));
    }),
  );
});

test("a finished copy does not change when the writer goes on", () => {
  const out = new ByteWriter(4);
  out.utf8("abc");
  const copy = out.finish();
  out.utf8("defghijk");
  assert.equal(Buffer.from(copy).toString(), "abc");
  assert.equal(Buffer.from(out.finish()).toString(), "abcdefghijk");
});
