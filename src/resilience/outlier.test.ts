import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type OutlierRecord, outlierRecord, sweepOutliers } from "./outlier.ts";

function record(good: number, bad: number): OutlierRecord {
  return { ...outlierRecord(), good, bad };
}

const fine = (): OutlierRecord => record(1_000, 1);
const out = (records: readonly OutlierRecord[]): number[] =>
  records.flatMap(({ outUntilMs }, i) => (outUntilMs === undefined ? [] : [i]));

test("the one that fails every tenth request among good ones is ejected, for half a minute", () => {
  const records = [...Array.from({ length: 9 }, fine), record(900, 100)];
  assert.equal(sweepOutliers(records, {}, 10_000), true);
  assert.deepEqual(out(records), [9]);
  assert.equal(records[9]?.outUntilMs, 40_000);
});

test("nobody is ejected for what all have in common", () => {
  const records = Array.from({ length: 10 }, () => record(500, 500));
  assert.equal(sweepOutliers(records, {}, 0), false);
  assert.deepEqual(out(records), []);
});

test("too few requests, or too few fellows, say nothing", () => {
  const quiet = [...Array.from({ length: 9 }, fine), record(1, 98)];
  sweepOutliers(quiet, {}, 0);
  assert.deepEqual(out(quiet), []);
  const few = [fine(), fine(), fine(), record(0, 1_000)];
  sweepOutliers(few, {}, 0);
  assert.deepEqual(out(few), []);
});

test("comes back after its time, and stays out longer each time it is ejected again", () => {
  const records = [...Array.from({ length: 9 }, fine), record(0, 100)];
  sweepOutliers(records, {}, 0);
  assert.equal(sweepOutliers(records, {}, 29_999), false);
  assert.equal(sweepOutliers(records, {}, 30_000), true);
  assert.deepEqual(out(records), []);
  for (const one of records) one.good = 1_000;
  const last = records[9];
  assert.ok(last);
  Object.assign(last, { good: 0, bad: 1_000 });
  sweepOutliers(records, {}, 30_000);
  assert.equal(last.outUntilMs, 30_000 + 60_000);
});

test("good times are remembered in its favour", () => {
  const one = { ...outlierRecord(), ejections: 3 };
  for (let i = 0; i < 5; i++) sweepOutliers([one], {}, i);
  assert.equal(one.ejections, 0);
});

test("whatever was counted, at most half are out, one always stays, and counts begin anew", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(500)), { maxLength: 20 }), (outcomes) => {
      const records = outcomes.map(([good, bad]) => record(good, bad));
      for (let round = 0; round < 3; round++) {
        sweepOutliers(records, {}, round * 10_000);
        const gone = out(records).length;
        assert.ok(gone <= records.length / 2 && gone <= Math.max(0, records.length - 1));
        assert.ok(records.every(({ good, bad }) => good === 0 && bad === 0));
        for (const [i, [good, bad]] of outcomes.entries()) Object.assign(records[i] ?? {}, { good, bad });
      }
    }),
  );
});
