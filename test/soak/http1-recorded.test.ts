/** test/fuzz/http1-recorded.test.ts at every single byte of every exchange. */
import { test } from "node:test";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { cutAnswer, cutRequest, recordedExchanges } from "../support/http1/recorded.ts";
import { startReferee } from "../support/http1/referee.ts";
import { startScriptedOrigin } from "../support/http1/scripted-origin.ts";

for (const transport of ["engine", "compat"] as const)
  for (const exchange of recordedExchanges())
    test(`${transport}: ${exchange.name} is the same cut at every byte, in both directions`, async (t) => {
      await using referee = await startReferee();
      await using origin = await startScriptedOrigin();
      await using before = await gatewayBefore(referee.port, { transport });
      await using behind = await gatewayBefore(origin.port, { transport });
      const requests = await cutRequest(before.server.port, referee, exchange, 1);
      const answers = await cutAnswer(behind.server.port, origin, exchange, 1);
      t.diagnostic(`${requests} cuts of the request, ${answers} of the answer`);
    });
