import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KnownTexts } from "./known-texts.ts";

const words = fc.array(fc.oneof(fc.constantFrom("port", "prot", "host", "", "ß", "😀"), fc.string()), {
  minLength: 200,
  maxLength: 400,
});

test("a stretch is what the text has there, whatever was read before", () => {
  fc.assert(
    fc.property(words, fc.array(fc.tuple(fc.nat(9999), fc.nat(30)), { maxLength: 200 }), (all, places) => {
      const text = all.join(" ").padEnd(5000, "port: 80 ");
      const known = new KnownTexts(text);
      for (const [from, length] of places) {
        const start = from % text.length;
        const end = Math.min(start + length, text.length);
        assert.equal(known.slice(start, end), text.slice(start, end));
      }
    }),
    { numRuns: 50 },
  );
});
