/** The long run of test/e2e/registry-crash.test.ts: `npm run test:soak`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { killRounds } from "../support/registry-kill.ts";
import { pauseRegistry } from "../support/registry-pause.ts";
import { seedOf } from "../support/seed.ts";

const rounds = Number(process.env.TUSKER_KILL_ROUNDS ?? 500);
const seed = seedOf("TUSKER_KILL_SEED");

test(`${rounds} rounds of kill -9 under 8 clients: an order explains every answer (seed ${seed})`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-kill-"));
  const { operations, unheard } = await killRounds({ folder, rounds, seed });
  t.diagnostic(`${operations} operations, ${unheard} of them never answered`);
  assert.ok(operations > rounds * 10 && unheard > rounds / 2);
  rmSync(folder, { recursive: true });
});

test("a registry that stood still for a minute loses no write and no instance that beat meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-pause-"));
  await pauseRegistry(folder, 60_000);
  rmSync(folder, { recursive: true });
});
