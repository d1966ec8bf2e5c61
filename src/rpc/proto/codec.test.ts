import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import protobuf from "protobufjs";
import { z } from "zod";
import { contract, infoOf } from "../contract.ts";
import type { Schema } from "../schema.ts";
import { type Codec, codecOf } from "./codec.ts";
import { assignFields, emptyLock } from "./lock.ts";
import { serviceShape } from "./shape.ts";
import { protoText } from "./text.ts";
import { ByteReader, ByteWriter, WireError, wireType } from "./wire.ts";

interface Both {
  readonly ours: Codec;
  /** The same message in protobufjs, made from our .proto text: an implementation that is not ours. */
  readonly theirs: protobuf.Type;
}

function compile(input: Schema, message: string = "DoRequest"): Both {
  const Service = contract("a-service", { do: { http: "POST /do", in: input, out: z.object({}) } });
  const shape = serviceShape(infoOf(Service));
  const { messages } = assignFields(emptyLock, shape);
  const root = new protobuf.Root();
  protobuf.parse(protoText(shape, messages).replace('import "google/protobuf/struct.proto";', ""), root, {
    keepCase: true,
  });
  root.addJSON(protobuf.common.get("google/protobuf/struct.proto")?.nested ?? {});
  return { ours: codecOf(messages, message), theirs: root.lookupType(`a_service.${message}`) };
}

const Tag = z.object({ key: z.string(), weight: z.int() });
const Everything = z.object({
  text: z.string(),
  whole: z.int(),
  real: z.number(),
  flag: z.boolean(),
  kind: z.enum(["red", "green"]),
  texts: z.array(z.string()),
  wholes: z.array(z.int()),
  reals: z.array(z.number()),
  flags: z.array(z.boolean()),
  tag: Tag,
  tags: z.array(Tag),
  counts: z.record(z.string(), z.int()),
  byName: z.record(z.string(), Tag),
  maybe: z.int().optional(),
  maybeTag: Tag.optional(),
  none: z.string().nullable(),
  both: z.string().nullable().optional(),
  either: z.union([z.string(), z.number(), z.array(z.boolean())]),
  anything: z.unknown(),
});

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const whole = fc.maxSafeInteger();
const real = fc.double({ noNaN: true });
const tag = fc.record({ key: text, weight: whole });
const json = fc.jsonValue({ maxDepth: 3 });
const everything = fc
  .record({
    text,
    whole,
    real,
    flag: fc.boolean(),
    kind: fc.constantFrom("red", "green"),
    texts: fc.array(text),
    wholes: fc.array(whole),
    reals: fc.array(real),
    flags: fc.array(fc.boolean()),
    tag,
    tags: fc.array(tag),
    counts: fc.dictionary(text, whole),
    byName: fc.dictionary(text, tag),
    maybe: fc.option(whole, { nil: undefined }),
    maybeTag: fc.option(tag, { nil: undefined }),
    none: fc.option(text),
    both: fc.option(fc.option(text), { nil: undefined }),
    either: fc.oneof(text, real, fc.array(fc.boolean())),
    anything: json,
  })
  .map((value) => Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)));

test("what goes in comes out, for every kind of field", () => {
  const { ours } = compile(Everything);
  fc.assert(
    fc.property(everything, (value) => {
      assert.deepEqual(plain(ours.decode(ours.encode(value))), plain(value));
    }),
    { numRuns: 60 },
  );
});

test("an independent implementation reads our bytes, and its own encoding of them reads back the same", () => {
  const { ours, theirs } = compile(Everything);
  fc.assert(
    fc.property(everything, (value) => {
      const theirsRead = theirs.decode(ours.encode(value));
      const theirBytes = theirs.encode(theirsRead).finish();
      assert.deepEqual(plain(ours.decode(theirBytes)), plain(value));
    }),
    { numRuns: 40 },
  );
});

test("the decoder never throws anything but a WireError, whatever the bytes", () => {
  const { ours } = compile(Everything);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        ours.decode(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test("a cut message is refused at every length or decodes to less, never to something else thrown", () => {
  const { ours } = compile(Everything);
  fc.assert(
    fc.property(everything, fc.nat(), (value, at) => {
      const bytes = ours.encode(value);
      try {
        ours.decode(bytes.subarray(0, at % (bytes.byteLength + 1)));
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }),
    { numRuns: 40 },
  );
});

test("unknown fields of newer peers are passed over", () => {
  const { ours: newer } = compile(
    z.object({ a: z.string(), b: z.int(), c: z.array(Tag), d: z.number(), e: z.unknown() }),
  );
  const { ours: older } = compile(z.object({ a: z.string() }));
  const bytes = newer.encode({ a: "x", b: 5, c: [{ key: "k", weight: 1 }], d: 1.5, e: { deep: [1] } });
  assert.deepEqual(older.decode(bytes), { a: "x" });
});

test("a field that changed its wire type is treated as unknown", () => {
  const { ours: asText } = compile(z.object({ a: z.string() }));
  const { ours: asWhole } = compile(z.object({ a: z.int() }));
  assert.deepEqual(asWhole.decode(asText.encode({ a: "x" })), { a: 0 });
  assert.deepEqual(asText.decode(asWhole.encode({ a: 5 })), { a: "" });
});

test("absent means empty, undefined or null, as the field says", () => {
  const { ours } = compile(
    z.object({
      text: z.string(),
      list: z.array(z.int()),
      map: z.record(z.string(), z.int()),
      maybe: z.string().optional(),
      none: z.int().nullable(),
      inner: Tag,
    }),
  );
  assert.deepEqual(ours.decode(new Uint8Array()), { text: "", list: [], map: {}, none: null });
});

test("optional empty values are kept apart from absent ones", () => {
  const { ours } = compile(
    z.object({ text: z.string().optional(), whole: z.int().optional(), none: z.string().nullable() }),
  );
  assert.deepEqual(ours.decode(ours.encode({ text: "", whole: 0, none: "" })), {
    text: "",
    whole: 0,
    none: "",
  });
});

test("a value of the wrong type names its field, also deep inside", () => {
  const { ours } = compile(z.object({ tags: z.array(Tag), counts: z.record(z.string(), z.int()) }));
  const pathOf = (value: Record<string, unknown>): string => {
    try {
      ours.encode(value);
    } catch (error) {
      if (error instanceof WireError) return error.path.join(".");
    }
    return "";
  };
  assert.equal(
    pathOf({
      tags: [
        { key: "a", weight: 1 },
        { key: "b", weight: "2" },
      ],
      counts: {},
    }),
    "tags.1.weight",
  );
  assert.equal(pathOf({ tags: [], counts: { a: 1.5 } }), "counts.a");
  assert.equal(pathOf({ tags: "no", counts: {} }), "tags");
  assert.equal(pathOf({ tags: [], counts: { a: 2 ** 60 } }), "counts.a");
});

test("a whole number that JavaScript cannot hold is refused, naming the field", () => {
  const { ours } = compile(z.object({ big: z.int() }));
  const writer = new ByteWriter();
  writer.tag(1, wireType.varint);
  const bytes = Buffer.concat([writer.finish(), Buffer.from("ffffffffffffffff7f", "hex")]);
  assert.throws(
    () => ours.decode(bytes),
    (error) => error instanceof WireError && error.path.join() === "big",
  );
});

test("packed and unpacked lists read the same", () => {
  const { ours } = compile(z.object({ list: z.array(z.int()) }));
  const unpacked = new ByteWriter();
  for (const one of [1, 300]) {
    unpacked.tag(1, wireType.varint);
    unpacked.varint(one);
  }
  assert.deepEqual(ours.decode(unpacked.finish()), { list: [1, 300] });
  assert.equal(Buffer.from(ours.encode({ list: [1, 300] })).toString("hex"), "0a0301ac02");
});

test("a message that comes twice is merged", () => {
  const { ours } = compile(z.object({ inner: z.object({ a: z.string(), list: z.array(z.string()) }) }));
  const one = ours.encode({ inner: { a: "x", list: ["1"] } });
  const two = ours.encode({ inner: { a: "", list: ["2"] } });
  assert.deepEqual(ours.decode(Buffer.concat([one, two])), { inner: { a: "x", list: ["1", "2"] } });
});

test("recursive messages work, and endless nesting is refused", () => {
  const Node = z.object({
    name: z.string(),
    get children() {
      return z.array(Node);
    },
  });
  const { ours } = compile(z.object({ root: Node }));
  const tree = { root: { name: "a", children: [{ name: "b", children: [] }] } };
  assert.deepEqual(ours.decode(ours.encode(tree)), tree);
  let deep: Record<string, unknown> = { name: "x", children: [] };
  for (let i = 0; i < 200; i++) deep = { name: "x", children: [deep] };
  assert.throws(() => ours.encode({ root: deep }), WireError);
});

test("a key called __proto__ stays a key", () => {
  const { ours } = compile(z.object({ map: z.record(z.string(), z.int()), any: z.unknown() }));
  const map = JSON.parse('{"__proto__": 1}');
  const back = ours.decode(ours.encode({ map, any: map }));
  assert.deepEqual(Object.keys(back.map as object), ["__proto__"]);
  assert.deepEqual(Object.keys(back.any as object), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(back.map), Object.prototype);
});

test("text must be UTF-8", () => {
  const { ours } = compile(z.object({ a: z.string() }));
  assert.throws(() => ours.decode(Buffer.from("0a02c328", "hex")), WireError);
});

test("whole numbers within the safe range survive the wire", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const writer = new ByteWriter(1);
      writer.varint(value);
      assert.equal(new ByteReader(writer.finish()).int64(), value);
    }),
  );
});

/** Without prototypes that deepEqual would tell apart. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
