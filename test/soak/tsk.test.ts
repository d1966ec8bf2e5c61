/**
 * The campaign of test/fuzz/tsk.test.ts from a new seed, which is printed: TUSKER_SOAK_SECONDS (600 by default), and
 * TUSKER_SOAK_SEED repeats one. What it finds is kept in test/golden/tsk/found.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOf } from "../support/seed.ts";
import { leastTexts, tskCampaign } from "../support/tsk-campaign.ts";

const seconds = Number(process.env.TUSKER_SOAK_SECONDS ?? "600");
const seed = seedOf("TUSKER_SOAK_SEED");

test(`any text gives a value or diagnostics: ${seconds} s from seed ${seed}`, (t) => {
  const { texts, perSecond } = tskCampaign(seconds, seed);
  t.diagnostic(`${texts} texts`);
  assert.ok(perSecond > leastTexts, `${perSecond} texts a second`);
});
