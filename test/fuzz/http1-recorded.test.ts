/** Exchanges between foreign programs, cut in two on their way through the gateway; at every byte in the soak. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { cutAnswer, cutRequest, recordedExchanges } from "../support/http1/recorded.ts";
import { startReferee } from "../support/http1/referee.ts";
import { startScriptedOrigin } from "../support/http1/scripted-origin.ts";

const step = 29;

for (const transport of ["engine", "compat"] as const)
  test(`${transport}: recorded exchanges are the same wherever they are cut, in both directions`, async () => {
    await using referee = await startReferee();
    await using origin = await startScriptedOrigin();
    await using before = await gatewayBefore(referee.port, { transport });
    await using behind = await gatewayBefore(origin.port, { transport });
    let cases = 0;
    for (const exchange of recordedExchanges()) {
      cases += await cutRequest(before.server.port, referee, exchange, step);
      cases += await cutAnswer(behind.server.port, origin, exchange, step);
    }
    assert.ok(cases > 150, `${cases} cases`);
  });
