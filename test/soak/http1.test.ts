/**
 * The campaigns of test/fuzz/http1.test.ts and http1-answers.test.ts for as long as it takes: TUSKER_SOAK_CASES
 * generated cases (a million by default) of each through the engine, from a seed that is printed; TUSKER_SOAK_SEED
 * repeats one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../src/kernel/index.ts";
import { answerCampaign, shownAnswers } from "../support/http1/answer-campaign.ts";
import { campaign, shown } from "../support/http1/campaign.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { startReferee } from "../support/http1/referee.ts";
import { startScriptedOrigin } from "../support/http1/scripted-origin.ts";

const cases = Number(process.env.TUSKER_SOAK_CASES ?? "1000000");
const seed = Number(process.env.TUSKER_SOAK_SEED ?? systemRandom.below(2 ** 31));
/** Memory stays flat: what a round saw is judged and forgotten. */
const perRound = 10_000;

test(`engine: no byte of one request inside another over ${cases} cases from seed ${seed}`, async (t) => {
  await using referee = await startReferee();
  await using gateway = await gatewayBefore(referee.port, { transport: "engine" });
  for (let done = 0; done < cases; done += perRound) {
    const round = { seed: seed + done, cases: Math.min(perRound, cases - done) };
    const tally = await campaign({ port: gateway.server.port, referee, ...round });
    assert.deepEqual(shown(tally.faults), [], `seed ${round.seed}`);
    assert.deepEqual(referee.faults, [], `seed ${round.seed}`);
    assert.ok(tally.forwarded > tally.valid / 2);
    t.diagnostic(
      `${done + round.cases} cases, ${tally.forwarded} of the last ${tally.valid} valid requests went through`,
    );
  }
});

test(`engine: no byte of one answer inside another over ${cases} cases from seed ${seed}`, async (t) => {
  await using origin = await startScriptedOrigin();
  await using gateway = await gatewayBefore(origin.port, { transport: "engine" });
  for (let done = 0; done < cases; done += perRound) {
    const round = { seed: seed + done, cases: Math.min(perRound, cases - done) };
    const tally = await answerCampaign({ port: gateway.server.port, origin, ...round });
    assert.deepEqual(shownAnswers(tally), [], `seed ${round.seed}`);
    assert.ok(tally.passed > tally.valid / 2);
    t.diagnostic(
      `${done + round.cases} cases, ${tally.passed} of the last ${tally.valid} valid answers went through`,
    );
  }
});
