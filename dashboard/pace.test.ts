import assert from "node:assert/strict";
import { test } from "node:test";
import { paced } from "./pace.ts";

test("many wishes within one pause are two runs: at once, and at its end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let runs = 0;
  const soon = paced(100, async () => void runs++);
  for (let at = 0; at < 50; at++) soon();
  assert.equal(runs, 1);
  await pass(t, 100);
  assert.equal(runs, 2);
  await pass(t, 1_000);
  assert.equal(runs, 2);
});

test("a wish after the pause runs at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let runs = 0;
  const soon = paced(100, async () => void runs++);
  soon();
  await pass(t, 100);
  soon();
  assert.equal(runs, 2);
});

test("a run that takes longer than the pause is not overtaken", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let runs = 0;
  const first = Promise.withResolvers<void>();
  const soon = paced(100, () => {
    runs++;
    return first.promise;
  });
  soon();
  soon();
  await pass(t, 500);
  assert.equal(runs, 1);
  first.resolve();
  await pass(t, 0);
  assert.equal(runs, 2);
});

/** Lets the time pass, and then everything that waited for it. */
async function pass(t: { mock: { timers: { tick(ms: number): void } } }, ms: number): Promise<void> {
  t.mock.timers.tick(ms);
  await new Promise((resolve) => setImmediate(resolve));
}
