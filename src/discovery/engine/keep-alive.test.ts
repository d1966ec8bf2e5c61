import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../kernel/index.ts";
import { keepAlive } from "./keep-alive.ts";

/** Lets everything run that waits for nothing but its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(clock: ReturnType<typeof manualClock>, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 100) {
    clock.advance(100);
    await turn();
  }
}

test("renews three times within its life, for as long as it is kept", async () => {
  const clock = manualClock();
  let asked = 0;
  let lost = false;
  {
    const renew = async (): Promise<boolean> => ++asked > 0;
    await using _alive = keepAlive({ clock, leaseMs: 3_000, renew, onLost: () => (lost = true) });
    await turn();
    await pass(clock, 9_000);
  }
  assert.ok(asked >= 8 && asked <= 9, `${asked} times`);
  await pass(clock, 9_000);
  assert.ok(asked <= 9 && !lost);
});

test("is lost when its life is over, also while a renewal hangs", async () => {
  const clock = manualClock();
  let lostAt: number | undefined;
  const hangs = (): Promise<boolean> => new Promise(() => {});
  await using _alive = keepAlive({
    clock,
    leaseMs: 3_000,
    renew: hangs,
    onLost: () => (lostAt = clock.now()),
  });
  await turn();
  await pass(clock, 4_000);
  assert.equal(lostAt, 3_000);
});

test("counts its life from the moment it was asked for", async () => {
  const clock = manualClock();
  const since = clock.now();
  clock.advance(2_000);
  let lostAt: number | undefined;
  const renew = async (): Promise<boolean> => Promise.reject(new Error("away"));
  const onLost = (): void => {
    lostAt = clock.now();
  };
  await using _alive = keepAlive({ clock, leaseMs: 3_000, since, renew, onLost });
  await turn();
  await pass(clock, 2_000);
  assert.equal(lostAt, 3_000);
});

test("what may be made again is renewed until it is let go of", async () => {
  const clock = manualClock();
  let asked = 0;
  const renew = async (): Promise<boolean> => {
    asked++;
    throw new Error("away");
  };
  await using _alive = keepAlive({ clock, leaseMs: 3_000, renew });
  await turn();
  await pass(clock, 9_000);
  assert.ok(asked >= 8, `${asked} times`);
});
