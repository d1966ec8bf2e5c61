import assert from "node:assert/strict";
import { test } from "node:test";
import { concurrencyLimit } from "./concurrency.ts";

test("lets in as many as fit and one more for each that leaves", () => {
  const limit = concurrencyLimit(2);
  assert.deepEqual([limit.tryEnter(), limit.tryEnter(), limit.tryEnter()], [true, true, false]);
  assert.equal(limit.inFlight, 2);
  limit.leave();
  assert.equal(limit.tryEnter(), true);
  assert.equal(limit.tryEnter(), false);
});

test("a smaller limit lets those inside finish", () => {
  const limit = concurrencyLimit(3);
  for (let i = 0; i < 3; i++) limit.tryEnter();
  limit.resize(1);
  limit.leave();
  assert.equal(limit.tryEnter(), false);
  limit.leave();
  limit.leave();
  assert.equal(limit.tryEnter(), true);
});
