import assert from "node:assert/strict";
import { test } from "node:test";
import { correctTexts } from "../../../test/support/slips/judge.ts";
import { pairsIn } from "../../../test/support/slips/pair.ts";

const seed = Number(process.env.TUSKER_TEST_SEED ?? "1");

test(`of two slips in different entries each is told, of more than 14 pairs in 15 (seed ${seed})`, () => {
  const pairs = [...pairsIn(correctTexts(), 150, seed)];
  const hidden = pairs.filter((one) => !one.told);
  assert.equal(pairs.length, 150);
  assert.ok(hidden.length < 10, hidden.map((one) => `${one.name}\n${one.what}`).join("\n\n"));
  assert.ok(pairs.filter((one) => one.found.length > 2).length < 8, "more is told than two mistakes");
});
