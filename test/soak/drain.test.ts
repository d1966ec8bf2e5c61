/** The long run of test/e2e/drain.test.ts and restart.test.ts: `npm run test:soak`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/kernel/index.ts";
import { endedGateways } from "../support/ended-gateway.ts";
import { upFleet } from "../support/fleet.ts";

const rounds = Number(process.env.TUSKER_DRAIN_ROUNDS ?? 100);

for (const workers of [1, 2])
  test(`${rounds} ends of a gateway of ${workers} threads under POSTs, none lost`, async (t) => {
    const heard = await endedGateways(rounds, workers);
    assert.deepEqual(
      heard.flatMap(({ failures }) => failures),
      [],
    );
    t.diagnostic(`${heard.reduce((sum, { answered }) => sum + answered, 0)} answers`);
  });

test(`${rounds} instances that are restarted in turn under POSTs without a key, none lost`, async (t) => {
  const args = ["--set", "services.order-service.instances=2", "--set", "gateway.rate_limit_enabled=false"];
  await using fleet = await upFleet({ args });
  const body = JSON.stringify({ user_id: "123", items: [{ product_id: "p1", quantity: 1, price: 1 }] });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const failures: string[] = [];
  let answered = 0;
  let over = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      try {
        const answer = await fetch(`${fleet.gateway}/api/orders`, init);
        const text = await answer.text();
        if (answer.ok) answered++;
        else failures.push(`${answer.status} ${text}`);
      } catch (error) {
        failures.push(String(error));
        await systemClock.sleep(100);
      }
    }
  });
  for (let round = 0; round < rounds / 2; round++) {
    const { code, stderr } = await fleet.tusker("restart", "order-service");
    assert.equal(code, 0, stderr);
  }
  over = true;
  await Promise.all(load);
  assert.deepEqual(failures, []);
  t.diagnostic(`${answered} answers`);
});
