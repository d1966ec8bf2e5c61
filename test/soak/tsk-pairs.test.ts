/**
 * Two slips of the hand in one file, in different entries: TUSKER_SOAK_PAIRS pairs (20,000 by default) from a seed that is printed;
 * TUSKER_SOAK_SEED repeats one. What share must be told in one run is decision 0058.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOf } from "../support/seed.ts";
import { correctTexts } from "../support/slips/judge.ts";
import { pairsIn } from "../support/slips/pair.ts";

const count = Number(process.env.TUSKER_SOAK_PAIRS ?? "20000");
const seed = seedOf("TUSKER_SOAK_SEED");
/** Of all texts, and of those that are written as people write them: with indentation, not as JSON. */
const shares = { all: 0.94, laidOut: 0.965 };
const others = ["flattened.tsk", "as-json.tsk"];

test(`both of two mistakes are told: ${count} pairs from seed ${seed}`, (t) => {
  const told = { all: 0, laidOut: 0 };
  const made = { all: 0, laidOut: 0 };
  let more = 0;
  for (const pair of pairsIn(correctTexts(), count, seed)) {
    const of: readonly (keyof typeof shares)[] = others.some((end) => pair.name.endsWith(end))
      ? ["all"]
      : ["all", "laidOut"];
    for (const kind of of) {
      made[kind]++;
      if (pair.told) told[kind]++;
    }
    if (pair.found.length > 2) more++;
  }
  const [all, laidOut] = [told.all / made.all, told.laidOut / made.laidOut];
  t.diagnostic(
    `both told: ${told.all} of ${made.all}; laid out ${told.laidOut} of ${made.laidOut}; more than two: ${more}`,
  );
  assert.ok(all >= shares.all && laidOut >= shares.laidOut, `${all} ${laidOut}`);
});
