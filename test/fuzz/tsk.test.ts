import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { leastTexts, tskCampaign } from "../support/tsk-campaign.ts";

// TUSKER_FUZZ_SECONDS=60 goes on for longer, TUSKER_FUZZ_SEED=7 begins elsewhere.
const seconds = Number(process.env.TUSKER_FUZZ_SECONDS ?? "3");
const seed = Number(process.env.TUSKER_FUZZ_SEED ?? "1");

test(`any text gives a value or diagnostics (${seconds} s, seed ${seed})`, {
  timeout: (seconds + 60) * 1000,
}, (t) => {
  const count = tskCampaign(seconds, seed);
  t.diagnostic(`${count} texts`);
  assert.ok(count > leastTexts * seconds, `${count} texts`);
});

test("what is found is kept as a golden case that holds the text, the same for the same seed", () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-found-"));
  try {
    const refused: string[] = [];
    const check = (text: string): void => {
      if (!text.includes("{")) return;
      refused.push(text);
      throw new Error("a brace");
    };
    const kept = (): string => {
      assert.throws(() => tskCampaign(5, 7, { check, folder }), /a brace\n[\s\S]*kept as /);
      const [file = "", ...more] = readdirSync(folder);
      assert.deepEqual(more, []);
      return readFileSync(join(folder, file), "utf8");
    };
    const first = kept();
    assert.equal(first, `${refused[0]}\n=== value\n{}\n`);
    assert.equal(kept(), first);
    assert.equal(refused[1], refused[0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
