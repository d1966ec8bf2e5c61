/** Waiting and trying again, simulated: each policy against the same course of events without it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, type Random, seededRandom } from "../../kernel/index.ts";
import { formatRemaining, incomingDeadline, remainingMs } from "../deadline.ts";
import { timeLimit } from "../time-limit.ts";
import { type Backoff, backoff } from "./backoff.ts";
import { retry } from "./retry.ts";
import { isRepeatable } from "./retryable.ts";

const unlimited = { deposit: () => {}, tryWithdraw: () => true };
const settled = (): Promise<void> => new Promise(setImmediate);

/** Clients whose first try fails at the same moment; gives when their later tries arrive. */
async function crowd(clients: number, wait: Backoff): Promise<readonly number[]> {
  const clock = manualClock();
  const arrivals: number[] = [];
  const request = { repeatable: true, deadlineMs: 10_000 };
  const policy = { retries: 3, backoff: wait, budget: unlimited, clock };
  const all = Promise.all(
    Array.from({ length: clients }, () =>
      retry(policy, request, async (number) => {
        if (number > 1) arrivals.push(clock.now());
        return { value: number, failure: { kind: "reset" } };
      }),
    ),
  );
  for (let ms = 0; ms < 1_000; ms++) {
    await settled();
    clock.advance(1);
  }
  await all;
  return arrivals;
}

function busiest(arrivals: readonly number[], widthMs: number): number {
  const counts = new Map<number, number>();
  for (const at of arrivals) {
    const bucket = Math.floor(at / widthMs);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

test("back-off: a crowd that failed together does not come back together", async () => {
  const spread = await crowd(500, backoff({}, seededRandom(4)));
  const together = await crowd(500, () => 25);
  assert.equal(spread.length, together.length);
  assert.ok(
    busiest(spread, 5) < busiest(together, 5) / 3,
    `${busiest(spread, 5)} of ${busiest(together, 5)}`,
  );
});

test("Retry-After: a service that asks for two seconds of peace gets them", async () => {
  const play = async (heeded: boolean): Promise<{ readonly early: number; readonly good: number }> => {
    const clock = manualClock();
    let early = 0;
    const policy = { retries: 3, backoff: backoff({}, seededRandom(4)), budget: unlimited, clock };
    const all = Array.from({ length: 100 }, () =>
      retry(policy, { repeatable: true, deadlineMs: 30_000 }, async (number) => {
        if (clock.now() >= 2_000) return { value: true };
        if (number > 1) early++;
        return {
          value: false,
          failure: { kind: "status", status: 503 },
          retryAfterMs: heeded ? 2_000 - clock.now() : undefined,
        };
      }),
    );
    for (let ms = 0; ms < 4_000; ms += 5) {
      await settled();
      clock.advance(5);
    }
    return { early, good: (await Promise.all(all)).filter(({ value }) => value).length };
  };
  assert.deepEqual(await play(true), { early: 0, good: 100 });
  const deaf = await play(false);
  assert.ok(deaf.early >= 300 && deaf.good === 0, JSON.stringify(deaf));
});

test("what may be acted on once only is never acted on twice, whatever breaks", async () => {
  const random = seededRandom(6);
  for (const method of ["GET", "POST", "PUT", "PATCH"]) {
    const clock = manualClock();
    const policy = { retries: 3, backoff: () => 0, budget: unlimited, clock };
    let again = 0;
    for (let i = 0; i < 300; i++) {
      let acted = 0;
      await retry(policy, { repeatable: isRepeatable(method), deadlineMs: 1_000 }, async () => {
        const chance = random.next();
        if (chance < 0.3) return { value: 0, failure: { kind: "unsent" } };
        if (chance < 0.4) return { value: 0, failure: { kind: "refused" } };
        acted++;
        return chance < 0.7 ? { value: 0, failure: { kind: "reset" } } : { value: 1 };
      });
      if (acted > 1) again++;
    }
    if (isRepeatable(method)) assert.ok(again > 20, `${method}: ${again}`);
    else assert.equal(again, 0, method);
  }
});

/** Three services that ask each other and take up to 80 ms each; gives what they began after nobody waited any more. */
async function wasted(clients: number, passed: boolean, random: Random): Promise<number> {
  const clock = manualClock();
  let late = 0;
  const serve = async (hop: number, untilMs: number, toldMs: string | undefined): Promise<void> => {
    const mineMs = incomingDeadline(() => toldMs, clock.now()) ?? clock.now() + 1_000;
    if (clock.now() >= untilMs) late++;
    using limit = timeLimit(clock, {
      ms: remainingMs(mineMs, clock.now()),
      reason: () => new Error("too late"),
    });
    await clock.sleep(20 + random.next() * 60, limit.signal).catch(() => {});
    if (limit.expired || hop === 3) return;
    const left = passed ? formatRemaining(remainingMs(mineMs, clock.now())) : undefined;
    await serve(hop + 1, untilMs, left);
  };
  const all = Promise.all(
    Array.from({ length: clients }, () => serve(1, clock.now() + 100, passed ? "100" : undefined)),
  );
  for (let ms = 0; ms < 1_000; ms++) {
    await settled();
    clock.advance(1);
  }
  await all;
  assert.equal(clock.pending, 0, "no timer is left");
  return late;
}

test("deadlines that are passed on: nobody works for a client that has left", async () => {
  assert.equal(await wasted(200, true, seededRandom(3)), 0);
  assert.ok((await wasted(200, false, seededRandom(3))) > 50);
});
