/**
 * The property of `src/fleet/file/one-cause.test.ts` for as long as it takes: TUSKER_SOAK_SLIPS slips of the hand (50,000 by
 * default) in correct files, from a seed that is printed; TUSKER_SOAK_SEED repeats one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOf } from "../support/seed.ts";
import { correctTexts } from "../support/slips/judge.ts";
import { slipsIn } from "../support/slips/slip.ts";

const count = Number(process.env.TUSKER_SOAK_SLIPS ?? "50000");
const seed = seedOf("TUSKER_SOAK_SEED");

test(`a slip of the hand gives one diagnostic: ${count} slips from seed ${seed}`, (t) => {
  const judges = new Map(correctTexts().map(({ text, judge }) => [text, judge]));
  const several: string[] = [];
  let wrong = 0;
  for (const { of, what, text } of slipsIn([...judges.keys()], count, seed)) {
    const found = judges.get(of)?.(text) ?? [];
    if (found.length > 0) wrong++;
    if (found.length > 1)
      several.push(
        `${what}: ${found.map((one) => `${one.line}:${one.column} ${one.code} ${one.message}`).join(" | ")}`,
      );
  }
  t.diagnostic(`${wrong} of ${count} slips are mistakes`);
  assert.ok(wrong > count / 3, `${wrong}`);
  assert.deepEqual(several, []);
});
