/**
 * TUSKER_SOAK_ABORTS exchanges (100,000 by default) that are broken off in every state by either side, from a seed that
 * is printed; TUSKER_SOAK_SEED repeats one. Afterwards nothing is held: no connection, no place, no handle, no heap.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { seededRandom, systemRandom } from "../../src/kernel/index.ts";
import { aborts, startBreakingOrigin } from "../support/http1/aborts.ts";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { until } from "../support/until.ts";

const cases = Number(process.env.TUSKER_SOAK_ABORTS ?? "100000");
const seed = Number(process.env.TUSKER_SOAK_SEED ?? systemRandom.below(2 ** 31));
/** What the heap may grow by over all of them, in MiB: a leak of a hundred bytes an exchange would be ten. */
const maxGrowthMebibytes = 5;

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

function heapMebibytes(): number {
  for (let i = 0; i < 4; i++) if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

for (const transport of ["engine", "compat"] as const)
  test(`${transport}: ${cases} exchanges that were broken off leave nothing behind (seed ${seed})`, async (t) => {
    await using origin = await startBreakingOrigin();
    await using gateway = await gatewayBefore(origin.port, { transport, timeout: "5s" });
    const { port } = gateway.server;
    const random = seededRandom(seed);
    const settled = async (): Promise<{ readonly heap: number; readonly handles: number }> => {
      await until("every exchange is over", () => gateway.server.connections === 0);
      await until("every place is given back", () => gateway.stats().inFlight === 0);
      return { heap: heapMebibytes(), handles: process.getActiveResourcesInfo().length };
    };
    // What is made once, code and memory of heads, is made by the first tenth.
    await aborts(port, random, cases / 10);
    const before = await settled();
    await aborts(port, random, cases);
    const after = await settled();
    t.diagnostic(
      `heap ${before.heap.toFixed(1)} MiB, then ${after.heap.toFixed(1)}; handles ${before.handles}, then ${after.handles}`,
    );
    assert.ok(after.heap - before.heap < maxGrowthMebibytes, `the heap grew to ${after.heap} MiB`);
    assert.ok(after.handles <= before.handles + 150, `${after.handles} handles`);
    const { services } = gateway.stats();
    assert.deepEqual(
      services.flatMap(({ endpoints }) => endpoints.map(({ inFlight }) => inFlight)),
      [0],
    );
  });
