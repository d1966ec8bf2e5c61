import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { getBlock, hello, postBlock, rawFrame } from "../../../test/support/http2-peer.ts";
import { FrameReader } from "./frame-reader.ts";
import { Http2Error } from "./words.ts";

/** What a reader makes of pieces, as text. */
function read(pieces: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new FrameReader({
    frame: (type, flags, id, bytes, from, end) =>
      seen.push(`${type} ${flags} ${id} ${bytes.toString("hex", from, end)}`),
  });
  try {
    for (const piece of pieces) {
      reader.push(piece);
      // Bytes are lent: whoever kept them is found out.
      piece.fill(0xee);
    }
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    seen.push(error.message);
  }
  return seen;
}

const recorded = Buffer.concat([
  hello.subarray(24),
  rawFrame(1, 4, 1, postBlock),
  rawFrame(0, 0, 1, Buffer.alloc(300, 7)),
  rawFrame(0, 1, 1),
  rawFrame(6, 0, 0, "0102030405060708"),
  rawFrame(1, 5, 3, getBlock),
  rawFrame(0xfe, 0xff, 0x7fff_ffff, "00"),
]);

test("a recorded connection, cut at every byte, is the same frames", () => {
  const whole = read([Buffer.from(recorded)]);
  assert.equal(whole.length, 7);
  for (let at = 0; at <= recorded.byteLength; at++) {
    const [first, second] = [recorded.subarray(0, at), recorded.subarray(at)];
    assert.deepEqual(read([Buffer.from(first), Buffer.from(second)]), whole, `cut at ${at}`);
  }
  assert.deepEqual(read([...recorded].map((byte) => Buffer.from([byte]))), whole, "byte by byte");
});

test("whatever frames, cut wherever, are the same frames or the same error", () => {
  const frame = fc
    .tuple(
      fc.nat(255),
      fc.nat(255),
      fc.nat(2 ** 31 - 1),
      fc.oneof(fc.nat(40), fc.constantFrom(16_384, 16_385)),
    )
    .map(([type, flags, id, length]) => rawFrame(type, flags, id, Buffer.alloc(length, type)));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 6 }),
      fc.array(fc.nat(60), { maxLength: 30 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.byteLength]) {
          pieces.push(Buffer.from(bytes.subarray(at, at + cut)));
          at += cut;
        }
        assert.deepEqual(read(pieces), read([Buffer.from(bytes)]));
      },
    ),
  );
});
