import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manualClock } from "../kernel/index.ts";
import { lastKnown } from "./last-known.ts";

function bench() {
  const parent = mkdtempSync(join(tmpdir(), "tusker-known-"));
  const folder = join(parent, "deep", "er");
  return { folder, clock: manualClock(), [Symbol.dispose]: () => rmSync(parent, { recursive: true }) };
}

test("what was saved is loaded by the next process, for its owner's eyes only", async () => {
  using t = bench();
  {
    await using known = lastKnown(t.folder, t.clock);
    known.save("a/b ü", { endpoints: [1] });
  }
  await using next = lastKnown(t.folder, t.clock);
  assert.deepEqual(await next.load("a/b ü"), { endpoints: [1] });
  const [file, ...others] = readdirSync(t.folder);
  assert.deepEqual(others, [], "nothing half-written stays");
  assert.equal(statSync(join(t.folder, file ?? "")).mode & 0o777, 0o600);
});

test("of many saves within a second the first and the last are written", async () => {
  using t = bench();
  const known = lastKnown(t.folder, t.clock);
  for (let i = 0; i < 100; i++) known.save("x", i);
  t.clock.advance(1_000);
  known.save("x", 100);
  await known[Symbol.asyncDispose]();
  assert.equal(readFileSync(join(t.folder, "x.json"), "utf8"), "100");
  assert.equal(t.clock.pending, 0);
});

test("nothing, half of something or no JSON is nothing, and a folder that cannot be made harms nobody", async () => {
  using t = bench();
  mkdirSync(t.folder, { recursive: true });
  writeFileSync(join(t.folder, "half.json"), '{"a":');
  await using known = lastKnown(t.folder, t.clock);
  assert.equal(await known.load("none"), undefined);
  assert.equal(await known.load("half"), undefined);
  await using blocked = lastKnown(join(t.folder, "half.json", "x"), t.clock);
  blocked.save("a", 1);
  assert.equal(await blocked.load("a"), undefined);
});
