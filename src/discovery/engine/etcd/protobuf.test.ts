import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../../../kernel/index.ts";
import { bool, bytes, field, inside, int32, int64, list, message, text } from "./protobuf.ts";

const inner = message({ id: field(1, int64), words: list(2, text) });
const outer = message({
  name: field(1, text),
  raw: field(2, bytes),
  count: field(3, int32),
  big: field(4, int64),
  yes: field(5, bool),
  one: field(6, inside(inner)),
  many: list(7, inside(inner)),
  far: field(500, int64),
});

const isProtocol = (error: unknown): boolean =>
  error instanceof TuskerError && error.code === "DISCOVERY_PROTOCOL";

test("the examples of the format's own documentation are written octet for octet", () => {
  assert.equal(Buffer.from(message({ a: field(1, int32) }).encode({ a: 150 })).toString("hex"), "089601");
  const nested = message({ c: field(3, inside(message({ a: field(1, int32) }))) });
  assert.equal(Buffer.from(nested.encode({ c: { a: 150 } })).toString("hex"), "1a03089601");
  const name = message({ b: field(2, text) });
  assert.equal(Buffer.from(name.encode({ b: "testing" })).toString("hex"), "120774657374696e67");
});

test("what is not there is read as nothing, and as no message", () => {
  const { name, raw, big, yes, one, many } = outer.decode(new Uint8Array());
  assert.deepEqual([name, raw.byteLength, big, yes, one, many], ["", 0, 0n, false, undefined, []]);
});

const word = fc.string({ unit: "binary" });
const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const some = fc.record({ id: whole, words: fc.array(word, { maxLength: 3 }) }, { noNullPrototype: true });

test("whatever is written is read back, and fields nobody knows are passed over", () => {
  const full = fc.record(
    {
      name: word,
      raw: fc.uint8Array({ maxLength: 300 }),
      count: fc.integer(),
      big: whole,
      yes: fc.boolean(),
      one: some,
      many: fc.array(some, { maxLength: 3 }),
      far: whole,
    },
    { noNullPrototype: true },
  );
  const less = message({ big: field(4, int64) });
  fc.assert(
    fc.property(full, (value) => {
      const written = outer.encode(value);
      const { raw, ...rest } = outer.decode(written);
      assert.deepEqual({ ...rest, raw: Uint8Array.from(raw) }, value);
      assert.equal(less.decode(written).big, value.big);
    }),
  );
});

test("random and damaged octets are read or refused, and nothing else", () => {
  const whole = outer.encode({ name: "n", one: { id: 1n, words: ["a"] }, many: [{ id: -1n }], far: 1n });
  const damaged = fc
    .tuple(fc.nat(whole.byteLength - 1), fc.nat(255))
    .map(([at, octet]) => Uint8Array.from(whole, (one, i) => (i === at ? octet : one)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), (octets) => {
      try {
        outer.decode(octets);
      } catch (error) {
        assert.ok(isProtocol(error), String(error));
      }
    }),
  );
  for (let size = 1; size < whole.byteLength; size++) {
    try {
      outer.decode(whole.subarray(0, size));
    } catch (error) {
      assert.ok(isProtocol(error), String(error));
    }
  }
});
