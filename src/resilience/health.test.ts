import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkPace, health } from "./health.ts";

test("down after two failed checks in a row, up after two passed ones", () => {
  const one = health();
  assert.equal(one.up, true);
  assert.deepEqual(
    [false, true, false, false].map((passed) => one.report(passed)),
    [false, false, false, true],
  );
  assert.equal(one.up, false);
  assert.deepEqual(
    [true, false, true, true].map((passed) => one.report(passed)),
    [false, false, false, true],
  );
  assert.equal(one.up, true);
});

test("changes only after so many in a row, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), fc.integer({ min: 1, max: 4 }), (checks, inRow) => {
      const one = health({ downAfter: inRow, upAfter: inRow });
      for (const [i, passed] of checks.entries()) {
        const changed = one.report(passed);
        if (changed) assert.ok(checks.slice(i + 1 - inRow, i + 1).every((each) => each === passed));
        if (changed) assert.equal(one.up, passed);
      }
    }),
  );
});

test("checkers spread by a tenth around the interval", () => {
  assert.equal(checkPace(10_000, 0), 9_000);
  assert.equal(checkPace(10_000, 0.5), 10_000);
  assert.equal(Math.round(checkPace(10_000, 1)), 11_000);
});
