import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../kernel/index.ts";
import { leaseCheck } from "./lease-check.ts";

function lease() {
  const clock = manualClock();
  const made = { clock, lost: 0, check: leaseCheck(clock, () => void made.lost++) };
  return made;
}

test("it is lost when its holder lets go, and once", () => {
  const t = lease();
  const held = t.check.hold();
  assert.equal(t.lost, 0);
  held[Symbol.dispose]();
  held[Symbol.dispose]();
  assert.equal(t.lost, 1);
});

test("who takes it over keeps it when the one before lets go", () => {
  const t = lease();
  const before = t.check.hold();
  const after = t.check.hold();
  before[Symbol.dispose]();
  assert.equal(t.lost, 0);
  after[Symbol.dispose]();
  assert.equal(t.lost, 1);
});

test("after a restart its holder has some time to come back", () => {
  const t = lease();
  t.check.beat(10_000);
  t.clock.advance(9_999);
  t.check.hold();
  t.clock.advance(60_000);
  assert.equal(t.lost, 0);
  const other = lease();
  other.check.beat(10_000);
  other.clock.advance(10_000);
  assert.equal(other.lost, 1);
});

test("disposed, nobody loses it any more", () => {
  const t = lease();
  const held = t.check.hold();
  t.check[Symbol.dispose]();
  held[Symbol.dispose]();
  assert.deepEqual([t.lost, t.clock.pending], [0, 0]);
});
