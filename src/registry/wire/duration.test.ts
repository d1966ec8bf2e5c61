import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseWireDuration } from "./duration.ts";

for (const [text, ms] of [
  ["10s", 10_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["5.s", 5_000],
  ["-1s", -1_000],
  ["+1s", 1_000],
  ["0", 0],
  ["-0", 0],
  ["100us", 0.1],
  ["100µs", 0.1],
  ["100μs", 0.1],
  ["1000ns", 0.001],
  ["120000ms", 120_000],
] as const) {
  test(`${text} is ${ms} ms`, () => {
    assert.equal(parseWireDuration(text), ms);
  });
}

for (const text of ["", "5", "s", "1d", "1w", "1 s", "1s ", "1S", "--1s", "1s-1s", ".s", "1e3s", "٣s"]) {
  test(`${JSON.stringify(text)} is no duration`, () => {
    assert.equal(parseWireDuration(text), undefined);
  });
}

test("any text is parsed or refused, quickly", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("1", ".", "s", "m", "h", "n", "-") }), (text) => {
      const ms = parseWireDuration(text);
      assert.ok(ms === undefined || Number.isFinite(ms));
    }),
  );
  assert.equal(parseWireDuration(`${"1".repeat(50_000)}x`), undefined);
});
