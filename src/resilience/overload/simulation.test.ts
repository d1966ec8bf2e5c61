/** More than a service can bear, simulated: what is refused, and who. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { concurrencyLimit } from "../concurrency.ts";
import { bulkhead, type Priority } from "./bulkhead.ts";

const settled = (): Promise<void> => new Promise(setImmediate);

/** Ten workers of 20 ms each, three times as many requests as they can do, a fifth of them of high priority. */
async function overloaded(high: Priority, low: Priority) {
  const clock = manualClock();
  const random = seededRandom(2);
  const gate = bulkhead({ limit: () => 10, maxQueued: 10, maxWaitMs: 200 }, clock);
  const counts = { high: { asked: 0, served: 0 }, low: { asked: 0, served: 0 } };
  let most = 0;
  const ask = async (who: "high" | "low"): Promise<void> => {
    counts[who].asked++;
    if ((await gate.enter(who === "high" ? high : low)) !== "entered") return;
    most = Math.max(most, gate.inFlight);
    await clock.sleep(20);
    gate.leave();
    counts[who].served++;
  };
  for (let i = 0; i < 6_000; i++) {
    if (i % 3 === 0) clock.advance(2);
    void ask(random.next() < 0.2 ? "high" : "low");
    if (i % 3 === 0) await settled();
  }
  for (let i = 0; i < 200; i++) {
    clock.advance(2);
    await settled();
  }
  const share = (who: "high" | "low"): number => counts[who].served / counts[who].asked;
  return { high: share("high"), low: share("low"), most };
}

test("bulkhead: under threefold load what matters most is served, and no more runs than may", async () => {
  const told = await overloaded("high", "low");
  const alike = await overloaded("normal", "normal");
  assert.ok(told.high > 0.99 && told.low > 0.1, JSON.stringify(told));
  assert.ok(alike.high < 0.5, JSON.stringify(alike));
  assert.equal(told.most, 10);
});

test("concurrency limit: at three times the load as many as fit are served, the rest is refused at once", async () => {
  const clock = manualClock();
  const limit = concurrencyLimit(20);
  let served = 0;
  let refused = 0;
  for (let ms = 0; ms < 2_000; ms++) {
    clock.advance(1);
    // Three a millisecond, each for 20 ms: sixty would be under way.
    for (let i = 0; i < 3; i++) {
      if (!limit.tryEnter()) {
        refused++;
        continue;
      }
      clock.after(20, () => {
        limit.leave();
        served++;
      });
    }
    assert.ok(limit.inFlight <= 20);
  }
  clock.advance(20);
  assert.equal(served + refused, 6_000);
  assert.ok(Math.abs(served - 2_000) <= 20, `${served}`);
  assert.equal(limit.inFlight, 0);
});
