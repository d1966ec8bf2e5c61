import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { errorCode, Http2Error } from "../words.ts";
import { type FieldBlock, HpackDecoder } from "./decoder.ts";
import { HpackEncoder } from "./encoder.ts";
import { huffmanDecode, huffmanEncode, huffmanLength } from "./huffman.ts";
import { DynamicTable } from "./table.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const decoder = (maxListSize = 100_000, maxTableSize = 4_096): HpackDecoder =>
  new HpackDecoder({ maxTableSize, maxListSize });
const decode = (of: HpackDecoder, block: Buffer): FieldBlock => of.decode(block, 0, block.byteLength);
const encode = (encoder: HpackEncoder, fixed: string[], varying: string[] = []): Buffer => {
  const into = Buffer.alloc(encoder.bound(fixed, varying));
  return into.subarray(0, encoder.encode(fixed, varying, into, 0));
};

test("packs and unpacks the strings of RFC 7541 appendix C", () => {
  const strings: [string, string][] = [
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
    [
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
      "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
  ];
  for (const [text, packed] of strings) {
    const bytes = Buffer.alloc(huffmanLength(text));
    assert.equal(huffmanEncode(text, bytes, 0), bytes.byteLength);
    assert.equal(bytes.toString("hex"), packed);
    assert.equal(huffmanDecode(bytes, 0, bytes.byteLength), text);
  }
});

test("every byte survives the Huffman code, in any order", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
      const text = Buffer.from(raw).toString("latin1");
      const bytes = Buffer.alloc(huffmanLength(text));
      huffmanEncode(text, bytes, 0);
      assert.equal(huffmanDecode(bytes, 0, bytes.byteLength), text);
    }),
  );
});

test("EOS, long padding and padding of zeros are no Huffman strings", () => {
  for (const packed of ["ffffffff", "ffff", "00", "1f00"].map(hex))
    assert.equal(huffmanDecode(packed, 0, packed.byteLength), undefined, packed.toString("hex"));
});

test("decodes the requests of RFC 7541 appendix C.4 and keeps their table", () => {
  const of = decoder();
  const [method, scheme, path] = [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
  ];
  const authority = [":authority", "www.example.com"];
  const first = decode(of, hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"));
  assert.deepEqual(first.fields, [method, scheme, path, authority].flat());
  const second = decode(of, hex("8286 84be 5886 a8eb 1064 9cbf"));
  assert.deepEqual(second.fields, [...first.fields, "cache-control", "no-cache"]);
  const third = decode(of, hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"));
  assert.deepEqual(third.fields, [
    ...[":method", "GET", ":scheme", "https", ":path", "/index.html"],
    ...[...authority, "custom-key", "custom-value"],
  ]);
});

test("evicts as RFC 7541 appendix C.6 shows", () => {
  const of = decoder(100_000, 256);
  decode(
    of,
    hex(
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718" +
        "63c7 8f0b 97c8 e9ae 82ae 43d3",
    ),
  );
  const { fields } = decode(of, hex("4883 640e ffc1 c0bf"));
  assert.deepEqual(fields.slice(0, 4), [":status", "307", "cache-control", "private"]);
  assert.deepEqual(fields.slice(6), ["location", "https://www.example.com"]);
});

test("blocks that cannot be decoded break the connection", () => {
  const broken: [string, string][] = [
    ["index 0", "80"],
    ["an index beyond the tables", "be"],
    ["a huge index", "ffffffffff7f"],
    ["a cut number", "ff"],
    ["a cut string", "0005616263"],
    ["a literal without a value", "000161"],
    ["a bad Huffman string", "000161 82ffff"],
    ["a larger table than allowed", "3fe2ff03"],
    ["a table change after a field", "8220"],
    ["three table changes", "20202082"],
  ];
  for (const [what, block] of broken) {
    assert.throws(
      () => decode(decoder(), hex(block)),
      (error) => error instanceof Http2Error && error.code === errorCode.COMPRESSION_ERROR,
      what,
    );
  }
});

test("whatever bytes come, decoding ends with fields or with COMPRESSION_ERROR", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
      const of = decoder();
      try {
        for (const block of blocks) assert.equal(decode(of, Buffer.from(block)).fields.length % 2, 0);
      } catch (error) {
        assert.ok(error instanceof Http2Error && error.code === errorCode.COMPRESSION_ERROR, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("while the table is empty the same bytes are the same block; a table that changes forgets it", () => {
  const of = decoder();
  // `:method` GET, and `a: 1` written out: nothing of it goes into the table.
  const plain = hex("82 00016101 31");
  const first = decode(of, plain);
  assert.deepEqual(first.fields, [":method", "GET", "a", "1"]);
  assert.equal(decode(of, plain), first);
  // `a: 1` again, this time for the table: 62 is now an index, and the bytes are read anew.
  decode(of, hex("40016101 31"));
  assert.notEqual(decode(of, plain), first);
  assert.deepEqual(decode(of, hex("be")).fields, ["a", "1"]);
});

test("a block that left the table empty because it was small is not taken for one that fills it", () => {
  const of = decoder();
  const keeps = hex("40016101 31");
  // No room: twice the same, nothing in the table.
  decode(of, hex("20 82"));
  for (let i = 0; i < 3; i++) assert.deepEqual(decode(of, keeps).fields, ["a", "1"]);
  assert.throws(() => decode(of, hex("be")), Http2Error);
  decode(of, hex("3fe11f 82"));
  assert.deepEqual(decode(of, keeps).fields, ["a", "1"]);
  assert.deepEqual(decode(of, hex("be")).fields, ["a", "1"]);
});

test("blocks that vary are soon no longer looked for, and nothing goes wrong by it", () => {
  const of = decoder();
  for (let i = 0; i < 500; i++) {
    const value = String(i).padStart(3, "0");
    const block = Buffer.concat([hex("82 000161 03"), Buffer.from(value)]);
    assert.deepEqual(decode(of, block).fields, [":method", "GET", "a", value]);
  }
});

test("a bomb of references is cut off, and the next block still fits its table", () => {
  const of = decoder(8_192);
  // One entry of about 3,000 octets, then two thousand references to it: 6 MB if it were kept.
  const value = Buffer.alloc(3_000, "x");
  const entry = Buffer.concat([hex("400161 7fb916"), value]);
  const bomb = decode(of, Buffer.concat([entry, Buffer.alloc(2_000, 0xbe)]));
  assert.equal(bomb.tooLong, true);
  assert.ok(bomb.fields.length <= 6);
  assert.deepEqual(decode(of, hex("be")).fields, ["a", value.toString()]);
});

test("fields that could split a message are told as malformed, also when they come from the table", () => {
  const of = decoder();
  const bad = [
    ["X-Upper", "1"],
    ["", "1"],
    ["a b", "1"],
    ["a\n", "1"],
    ["a", "1\r\nb: 2"],
    ["a", "\0"],
    ["a", " 1"],
    ["a", "1\t"],
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    [":unknown", "1"],
  ];
  for (const [name = "", value = ""] of bad) {
    const literal = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
    const block = Buffer.concat([hex("40"), literal(name), literal(value)]);
    assert.equal(decode(of, block).malformed, true, JSON.stringify([name, value]));
    assert.equal(decode(of, hex("be")).malformed, true, "again by reference");
  }
  assert.equal(decode(of, hex("82")).malformed, false);
});

const names = fc.constantFrom("a", "x-long-name", "content-type", "te", "authorization", ":path", "etag");
const values = fc.oneof(
  fc.constantFrom("", "1", "trailers", "/x"),
  fc.stringMatching(/^[!-~\u0080-\u00ff]{0,80}$/),
);
const lists = fc.array(fc.tuple(names, values), { maxLength: 12 }).map((pairs) => pairs.flat());

test("what our encoder writes our decoder reads, block after block and over changes of the table", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(lists, lists, fc.option(fc.constantFrom(0, 64, 300, 4_096, 100_000)))),
      (blocks) => {
        const [encoder, of] = [new HpackEncoder(), decoder()];
        for (const [fixed, varying, size] of blocks) {
          if (size !== null) encoder.resize(size);
          // The same list twice: first as fields, then as the bytes that were kept.
          for (let i = 0; i < 3; i++)
            assert.deepEqual(decode(of, encode(encoder, fixed, varying)).fields, [...fixed, ...varying]);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("a list said again is one byte a field, and secrets are in no table", () => {
  const encoder = new HpackEncoder();
  const fixed = [
    ":method",
    "POST",
    ":path",
    "/user.Users/Get",
    "te",
    "trailers",
    "content-type",
    "application/grpc",
  ];
  assert.ok(encode(encoder, fixed).byteLength > 30);
  assert.equal(encode(encoder, fixed).byteLength, 4);
  assert.equal(encode(encoder, fixed).byteLength, 4);
  const secret = ["authorization", "Bearer abcdefgh", "cookie", "a=b"];
  const first = encode(encoder, secret, secret);
  assert.deepEqual(encode(encoder, secret, secret), first);
  // RFC 7541 §6.2.3: the pattern 0001 forbids every proxy to keep it.
  assert.equal(first[0]! >> 4, 1);
});

test("a dynamic table never holds more than its size", () => {
  const entry = fc.record({ name: fc.string({ maxLength: 50 }), value: fc.string({ maxLength: 50 }) });
  const step = fc.oneof(entry, fc.nat({ max: 400 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const table = new DynamicTable(200);
      let model: { name: string; value: string }[] = [];
      let max = 200;
      for (const one of steps) {
        if (typeof one === "number") {
          max = one;
          table.resize(one);
        } else {
          table.add({ ...one, malformed: false, badName: false });
          model.unshift(one);
        }
        let size = 0;
        // The newest entries that fit; one that does not fit at all empties the table.
        const fits = model.findIndex(({ name, value }) => {
          size += name.length + value.length + 32;
          return size > max;
        });
        if (fits >= 0) model = model.slice(0, fits);
        assert.equal(table.count, model.length);
        assert.deepEqual(
          model.map((_, i) => table.at(i)?.value),
          model.map(({ value }) => value),
        );
      }
    }),
  );
});
