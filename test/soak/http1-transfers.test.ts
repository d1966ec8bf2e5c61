/**
 * Bodies of TUSKER_SOAK_MIB (1,024 by default) through a gateway in a process of its own, in every framing and both
 * directions, several at once: each arrives as it was sent, and the memory of the gateway does not follow them.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { residentMegabytesOf } from "../../bench/load/process-cost.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { arrivalOf, download, startTransferOrigin, upload } from "../support/http1/transfers.ts";
import { startTusker } from "../support/proxies.ts";

const mebibytes = Number(process.env.TUSKER_SOAK_MIB ?? "1024");
const bytes = mebibytes * 1024 * 1024;
/** What a gateway under way may take beyond what it had after its first transfer. */
const maxGrowthMebibytes = 64;

for (const transport of ["engine", "compat"] as const)
  test(`${transport}: bodies of ${mebibytes} MiB arrive as they were sent, in no more memory than small ones`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "tusker-transfers-"));
    try {
      await using origin = await startTransferOrigin();
      await using gateway = await startTusker(
        { folder, originPort: origin.port },
        { transport, max_body: `${mebibytes}MiB`, timeout: "15m", retries: 0 },
      );
      const { port, pid } = gateway;
      const small = 32 * 1024 * 1024;
      for (const chunked of [false, true]) {
        assert.deepEqual(await download(port, small, chunked), arrivalOf(small));
        assert.deepEqual(await upload(port, small, chunked), arrivalOf(small));
      }
      const before = residentMegabytesOf(pid);
      let most = before;
      let watching = true;
      const watched = (async () => {
        while (watching) {
          most = Math.max(most, residentMegabytesOf(pid));
          await systemClock.sleep(100);
        }
      })();
      const whole = arrivalOf(bytes);
      try {
        for (const chunked of [false, true]) {
          const both = await Promise.all([download(port, bytes, chunked), upload(port, bytes, chunked)]);
          assert.deepEqual(both, [whole, whole]);
        }
      } finally {
        watching = false;
        await watched;
      }
      t.diagnostic(`${before.toFixed(0)} MiB before, at most ${most.toFixed(0)} MiB`);
      assert.ok(most - before < maxGrowthMebibytes, `it grew from ${before} to ${most} MiB`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
