import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import { Arriving } from "./arriving.ts";
import { pack, unpack } from "./compress.ts";
import { frame } from "./frame.ts";
import { MessageReader } from "./messages.ts";
import { Base64Body } from "./serving/base64-body.ts";

function read(pieces: readonly Buffer[], maxBytes = 1_000): { seen: string[]; partial: boolean } {
  const seen: string[] = [];
  const sink = {
    message: (bytes: Buffer, compressed: boolean) => void seen.push(`${compressed} ${bytes.toString("hex")}`),
  };
  const reader = new MessageReader(sink, maxBytes);
  for (const piece of pieces) {
    reader.push(piece);
    // Bytes are lent.
    piece.fill(0xee);
  }
  return { seen, partial: reader.partial };
}
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return error instanceof TuskerError ? error.code : String(error);
  }
  return "fine";
};

test("messages come out as they went in, wherever their bytes are cut", () => {
  const message = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.nat(20), { maxLength: 40 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(frame));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.byteLength]) {
          pieces.push(Buffer.from(bytes.subarray(at, at + cut)));
          at += cut;
        }
        const { seen, partial } = read(pieces);
        assert.deepEqual(
          seen,
          messages.map((one) => `false ${Buffer.from(one).toString("hex")}`),
        );
        assert.equal(partial, false);
      },
    ),
  );
});

test("a message that is cut off is partial, one that is too large or has unknown flags is refused at once", async () => {
  const whole = Buffer.from(frame(Buffer.from("abc")));
  assert.equal(read([whole.subarray(0, 3)]).partial, true);
  assert.equal(read([Buffer.from(frame(Buffer.from("abc"))).subarray(0, 7)]).partial, true);
  // Only the length is there: nothing is waited for, nothing is kept.
  assert.equal(await codeOf(() => read([Buffer.from("00000003e9", "hex")])), "NET_BODY_TOO_LARGE");
  assert.equal(await codeOf(() => read([Buffer.from("00ffffffff", "hex")])), "NET_BODY_TOO_LARGE");
  assert.equal(await codeOf(() => read([Buffer.from("0200000000", "hex")])), "RPC_PROTOCOL");
});

test("packed messages are unpacked up to the limit and no further", async () => {
  const text = Buffer.alloc(10_000, "a");
  const packed = await pack(frame(text));
  assert.equal(packed[0], 1);
  assert.ok(packed.byteLength < 100);
  assert.deepEqual(await unpack(packed.subarray(5), "gzip", 10_000), text);
  assert.equal(await codeOf(() => unpack(packed.subarray(5), "gzip", 9_999)), "NET_BODY_TOO_LARGE");
  assert.equal(await codeOf(() => unpack(gzipSync(text), undefined, 10_000)), "RPC_PROTOCOL");
  assert.equal(await codeOf(() => unpack(text, "gzip", 10_000)), "RPC_PROTOCOL");
  const small = frame(Buffer.from("abc"));
  assert.equal(await pack(small), small, "what would grow is sent as it is");
});

test("base64 in several padded parts, cut anywhere, is the bytes of all", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 5 }), fc.nat(30), (parts, cut) => {
      const text = parts.map((part) => Buffer.from(part).toString("base64")).join("");
      const body = new Base64Body();
      const back = [text.slice(0, cut), text.slice(cut)].map((piece) => body.push(Buffer.from(piece)));
      assert.deepEqual(Buffer.concat(back), Buffer.concat(parts));
    }),
  );
});

test("unfinished messages hold no more together than they may, and give it back when they end either way", async () => {
  const arriving = new Arriving(1_000);
  const sink = { message: () => {} };
  const connection = {};
  const reader = (): MessageReader =>
    new MessageReader(
      sink,
      900,
      arriving.account(connection, () => assert.fail("its own connection asks")),
    );
  const [first, second, third] = [reader(), reader(), reader()];
  const long = frame(new Uint8Array(900));
  first.push(Buffer.from(long.subarray(0, 805)));
  assert.equal(arriving.bytes, 800);
  assert.equal(await codeOf(() => second.push(Buffer.from(long.subarray(0, 305)))), "NET_OVERLOADED");
  second.drop();
  first.push(Buffer.from(long.subarray(805)));
  assert.equal(arriving.bytes, 0);
  third.push(Buffer.from(long.subarray(0, 305)));
  third.drop();
  assert.deepEqual([arriving.bytes, third.partial], [0, false]);
});
