import assert from "node:assert/strict";
import { test } from "node:test";
import { tskCampaign } from "../support/tsk-campaign.ts";

// TUSKER_FUZZ_SECONDS=60 goes on for longer, TUSKER_FUZZ_SEED=7 begins elsewhere.
const seconds = Number(process.env.TUSKER_FUZZ_SECONDS ?? "3");
const seed = Number(process.env.TUSKER_FUZZ_SEED ?? "1");

test(`any text gives a value or diagnostics (${seconds} s, seed ${seed})`, {
  timeout: (seconds + 60) * 1000,
}, (t) => {
  const count = tskCampaign(seconds, seed);
  t.diagnostic(`${count} texts`);
  assert.ok(count > 5 * seconds, `${count} texts`);
});
