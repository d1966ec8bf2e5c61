import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration, tryDuration } from "./index.ts";

test("every unit has its length", () => {
  const lengths = {
    "1w": 604_800_000,
    "1d": 86_400_000,
    "1h": 3_600_000,
    "1m": 60_000,
    "1s": 1000,
    "1ms": 1,
  };
  for (const [text, ms] of Object.entries(lengths)) assert.equal(parseDuration(text), ms);
  assert.equal(parseDuration("1us"), 0.001);
  assert.equal(parseDuration("1ns"), 0.000001);
});

test("parts add up, fractions count", () => {
  assert.equal(parseDuration("1m30s"), 90_000);
  assert.equal(parseDuration("1.5h"), 5_400_000);
  assert.equal(parseDuration("2h45m30s250ms"), 9_930_250);
  assert.equal(parseDuration("0s"), 0);
});

test("what has no unit, a sign, a space or something behind is refused", () => {
  for (const text of [
    "",
    "30",
    "s",
    "-1s",
    "1 s",
    " 1s",
    "1s ",
    "1.s",
    ".5s",
    "1e3s",
    "1S",
    "1sec",
    "1s,2s",
    "1s\n",
  ]) {
    assert.equal(tryDuration(text), undefined, JSON.stringify(text));
    assert.throws(() => parseDuration(text), { code: "KERNEL_DURATION" });
  }
});

test("the shortest exact text", () => {
  const texts: [number, string][] = [
    [0, "0s"],
    [250, "250ms"],
    [1000, "1s"],
    [1500, "1s500ms"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [90_061_001, "1d1h1m1s1ms"],
    [0.5, "500us"],
    [0.000_25, "250ns"],
  ];
  for (const [ms, text] of texts) assert.equal(formatDuration(ms), text);
});

test("whole milliseconds come back exactly", () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 12 }), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)),
  );
});

test("fractions of a millisecond come back to the picosecond", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-5, max: 1e6, noNaN: true }), (ms) => {
      assert.ok(Math.abs(parseDuration(formatDuration(ms)) - ms) <= Math.max(1e-6, ms * 1e-9));
    }),
  );
});

test("no text makes it throw anything else or hang", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z.]{0,40}$/)), (text) => {
      const value = tryDuration(text);
      assert.ok(value === undefined || value >= 0);
    }),
  );
});
