/** Ambiguous and malformed answers of a service through the gateway, read by a client that takes nothing but HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerCampaign, shownAnswers } from "../support/http1/answer-campaign.ts";
import { runAnswer } from "../support/http1/answer-judge.ts";
import { plainAnswer } from "../support/http1/answers.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { startScriptedOrigin } from "../support/http1/scripted-origin.ts";

const seed = 1;

/** What undici's parser evens out and we do not forgive ourselves. */
const reading = { engine: {}, compat: { as: "node" } } as const;

for (const transport of ["engine", "compat"] as const) {
  test(`${transport}: no byte of one answer inside another over 400 cases (seed ${seed})`, async () => {
    await using origin = await startScriptedOrigin();
    await using gateway = await gatewayBefore(origin.port, { transport });
    const tally = await answerCampaign({
      port: gateway.server.port,
      origin,
      seed,
      cases: 400,
      ...reading[transport],
    });
    assert.deepEqual(shownAnswers(tally), []);
    assert.ok(tally.passed > tally.valid / 2, `${tally.passed} of ${tally.valid} valid answers went through`);
  });

  for (const framing of ["length", "chunked", "close", "none", "interim"] as const)
    test(`${transport}: an answer with framing "${framing}" is the same wherever it is cut in two`, async () => {
      await using origin = await startScriptedOrigin();
      await using gateway = await gatewayBefore(origin.port, { transport });
      const whole = await runAnswer(gateway.server.port, origin, plainAnswer("w", framing));
      assert.equal(whole.passed, true);
      const { length } = plainAnswer("w", framing).bytes;
      for (let at = 1; at < length; at++) {
        const cut = await runAnswer(gateway.server.port, origin, plainAnswer("w", framing), { cutAt: at });
        assert.deepEqual([at, cut.faults, told(cut.answers)], [at, [], told(whole.answers)]);
      }
    });
}

/** What a client can tell of its answers, but for the time at which they came. */
function told(answers: Awaited<ReturnType<typeof runAnswer>>["answers"]): unknown {
  return answers.map(({ start, fields, body, trailers }) => [
    ...[start, fields.filter(([name]) => name !== "Date"), body.toString("latin1"), trailers],
  ]);
}
