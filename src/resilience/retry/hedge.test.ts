import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { type HedgePolicy, hedge } from "./hedge.ts";
import { liveQuantile } from "./quantile.ts";
import type { Tried } from "./retry.ts";
import { retryBudget } from "./retry-budget.ts";

const settled = (): Promise<void> => new Promise(setImmediate);

/** A policy whose p95 is known to be `usualMs`. */
function policyOf(usualMs: number, ratio = 1) {
  const clock = manualClock();
  const delay = liveQuantile(0.95, clock);
  for (let i = 0; i < 100; i++) delay.observe(usualMs);
  const policy: HedgePolicy = { delay, budget: retryBudget({ ratio, minPerSecond: 0 }, clock), clock };
  return { clock, policy };
}

/** Copies that end when the test says so. */
function copies() {
  const sent: { end: (tried: Tried<string>) => void; signal: AbortSignal }[] = [];
  const late: string[] = [];
  const attempt = (copy: 1 | 2, signal: AbortSignal): Promise<Tried<string>> =>
    new Promise((end) => {
      sent[copy - 1] = { end, signal };
    });
  return { sent, late, attempt, discard: (tried: Tried<string>) => void late.push(tried.value) };
}

test("one copy, when it answers as fast as usual", async () => {
  const { clock, policy } = policyOf(100);
  const { sent, attempt, discard } = copies();
  const running = hedge(policy, attempt, { discard });
  clock.advance(50);
  sent[0]?.end({ value: "first" });
  assert.deepEqual(await running, { tried: { value: "first" }, hedged: false, copy: 1 });
  assert.equal(sent.length, 1);
  assert.equal(clock.pending, 0);
});

test("a second copy after the usual time; the first good answer wins and the other is called off", async () => {
  const { clock, policy } = policyOf(100);
  const { sent, late, attempt, discard } = copies();
  const running = hedge(policy, attempt, { discard });
  clock.advance(120);
  await settled();
  assert.equal(sent.length, 2);
  sent[1]?.end({ value: "second" });
  assert.deepEqual(await running, { tried: { value: "second" }, hedged: true, copy: 2 });
  assert.equal(sent[0]?.signal.aborted, true);
  sent[0]?.end({ value: "too late" });
  await settled();
  assert.deepEqual(late, ["too late"], "what it held is given back");
});

test("a failure before the second copy was due is left to retries", async () => {
  const { policy } = policyOf(100);
  const { sent, attempt, discard } = copies();
  const running = hedge(policy, attempt, { discard });
  sent[0]?.end({ value: "broken", failure: { kind: "reset" } });
  assert.equal((await running).tried.failure?.kind, "reset");
  assert.equal(sent.length, 1);
});

test("a copy that fails leaves the other one its chance; when both fail the last failure is given", async () => {
  for (const ends of [undefined, { kind: "timeout" } as const]) {
    const { clock, policy } = policyOf(100);
    const { sent, attempt, discard } = copies();
    const running = hedge(policy, attempt, { discard });
    clock.advance(120);
    await settled();
    sent[1]?.end({ value: "broken", failure: { kind: "reset" } });
    await settled();
    sent[0]?.end({ value: "first", failure: ends });
    const { tried } = await running;
    assert.deepEqual(tried, { value: "first", failure: ends });
  }
});

test("without a budget, and without knowing what is usual, there is one copy", async () => {
  const poor = policyOf(100, 0);
  const { sent, attempt, discard } = copies();
  const running = hedge(poor.policy, attempt, { discard });
  poor.clock.advance(200);
  await settled();
  sent[0]?.end({ value: "first" });
  assert.equal((await running).hedged, false);
  const clock = manualClock();
  const fresh = { delay: liveQuantile(0.95, clock), budget: retryBudget({ ratio: 1 }, clock), clock };
  const other = copies();
  const asked = hedge(fresh, other.attempt, other);
  clock.advance(10_000);
  await settled();
  other.sent[0]?.end({ value: "first" });
  assert.equal((await asked).hedged, false);
});

test("what cannot be sent twice is not, and costs no budget", async () => {
  const { clock, policy } = policyOf(100, 0.5);
  const { sent, attempt, discard } = copies();
  const running = hedge(policy, attempt, { discard, copyable: () => false });
  clock.advance(120);
  await settled();
  assert.equal(sent.length, 1);
  sent[0]?.end({ value: "first" });
  assert.equal((await running).hedged, false);
  policy.budget.deposit();
  assert.equal(policy.budget.tryWithdraw(), true);
});

test("the tail shrinks to the delay and the extra load stays within its budget", async () => {
  const clock = manualClock();
  const random = seededRandom(9);
  const policy: HedgePolicy = {
    delay: liveQuantile(0.95, clock),
    budget: retryBudget({ ratio: 0.02, minPerSecond: 0 }, clock),
    clock,
  };
  let sent = 0;
  const took: number[] = [];
  const requests = 4_000;
  for (let i = 0; i < requests; i++) {
    const startMs = clock.now();
    const done = hedge(
      policy,
      async () => {
        sent++;
        // One in a hundred hangs for a second.
        await clock.sleep(random.next() < 0.01 ? 1_000 : 5 + random.next() * 10);
        return { value: undefined };
      },
      { discard: () => {} },
    ).then(() => took.push(clock.now() - startMs));
    for (let step = 0; step < 4; step++) {
      clock.advance(5);
      await Promise.resolve();
    }
    void done;
  }
  for (let i = 0; i < 300; i++) {
    clock.advance(5);
    await settled();
  }
  took.sort((a, b) => a - b);
  const p999 = took[Math.floor(took.length * 0.995)] ?? 0;
  assert.ok(sent <= requests * 1.021, `${sent} copies of ${requests}`);
  assert.ok(p999 < 200, `p99.5 is ${p999} ms where one in a hundred takes a second`);
});

test("however two copies end, one answer is given, and every other one is given back", async () => {
  const end = fc.record({ atMs: fc.integer({ min: 0, max: 300 }), good: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(end, end, async (first, second) => {
      const { clock, policy } = policyOf(100);
      const made: string[] = [];
      const late: string[] = [];
      const running = hedge<string>(
        policy,
        async (copy) => {
          const { atMs, good } = copy === 1 ? first : second;
          made.push(`copy ${copy}`);
          await clock.sleep(atMs);
          return { value: `copy ${copy}`, failure: good ? undefined : { kind: "reset" } };
        },
        { discard: ({ value }) => late.push(value) },
      );
      for (let ms = 0; ms < 600; ms += 10) {
        clock.advance(10);
        await settled();
      }
      const { tried, hedged, copy } = await running;
      assert.equal(tried.value, `copy ${copy}`);
      assert.deepEqual([...late, tried.value].sort(), made.sort());
      assert.equal(hedged, made.length === 2);
      // A good answer is never left for a bad one that had come too.
      if (tried.failure !== undefined && hedged) assert.ok(!first.good && !second.good);
      assert.equal(clock.pending, 0);
    }),
    { numRuns: 40 },
  );
});
