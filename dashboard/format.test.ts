import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ageText, counted, countText, durationText, timeText } from "./format.ts";

test("durations take the unit in which they have one to three digits before the point", () => {
  const said: readonly (readonly [number, string])[] = [
    [0, "0 µs"],
    [312, "312 µs"],
    [999, "999 µs"],
    [1_000, "1.00 ms"],
    [18_400, "18.4 ms"],
    [99_960, "100 ms"],
    [999_499, "999 ms"],
    [999_500, "1.00 s"],
    [59_900_000, "59.9 s"],
    [125_000_000, "2 min 5 s"],
  ];
  for (const [us, text] of said) assert.equal(durationText(us), text);
});

test("no duration is written with more than four digits in a row", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_600_000_000 }), (us) => {
      assert.match(durationText(us), /^\d{1,4}(?:\.\d{1,2})? (?:µs|ms|s|min \d{1,2} s)$/);
    }),
  );
});

test("ages grow coarser as they grow", () => {
  assert.equal(ageText(-5), "now");
  assert.equal(ageText(1_999), "now");
  assert.equal(ageText(12_000), "12 s ago");
  assert.equal(ageText(300_000), "5 min ago");
  assert.equal(ageText(3 * 3_600_000), "3 h ago");
  assert.equal(ageText(49 * 3_600_000), "2 d ago");
});

test("counts never take more than four characters", () => {
  assert.equal(countText(999), "999");
  assert.equal(countText(1_240), "1.2k");
  assert.equal(countText(9_960), "10k");
  assert.equal(countText(999_499), "999k");
  assert.equal(countText(999_500), "1.0M");
  fc.assert(fc.property(fc.integer({ min: 0, max: 99_000_000 }), (count) => countText(count).length <= 4));
});

test("one is singular, everything else is plural", () => {
  assert.equal(counted(1, "span"), "1 span");
  assert.equal(counted(0, "span"), "0 spans");
  assert.equal(counted(2_000, "call"), "2.0k calls");
});

test("times of day are local, with all their digits", () => {
  const at = new Date(2026, 1, 3, 4, 5, 6, 7);
  assert.equal(timeText(at.getTime()), "04:05:06.007");
});
