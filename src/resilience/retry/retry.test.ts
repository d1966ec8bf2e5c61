import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, TuskerError } from "../../kernel/index.ts";
import { type RetryRequest, retry, type Tried } from "./retry.ts";
import { retryBudget } from "./retry-budget.ts";
import type { Failure } from "./retryable.ts";

const reset: Failure = { kind: "reset" };

/** Runs `outcomes` as tries, advancing the clock through every wait. */
async function run(
  outcomes: readonly (Partial<Tried<string>> | undefined)[],
  options: {
    retries?: number;
    request?: Partial<RetryRequest<string>>;
    budget?: { minPerSecond: number };
    waitMs?: number;
  } = {},
) {
  const clock = manualClock();
  const waits: number[] = [];
  let tries = 0;
  const running = retry<string>(
    {
      retries: options.retries ?? 3,
      backoff: () => options.waitMs ?? 10,
      budget: retryBudget(options.budget ?? {}, clock),
      clock,
    },
    {
      repeatable: true,
      deadlineMs: 30_000,
      onRetry: (_given, _attempt, waitMs) => waits.push(waitMs),
      ...options.request,
    },
    async (number) => {
      tries++;
      assert.equal(number, tries);
      return { value: `try ${number}`, ...outcomes[number - 1] };
    },
  );
  for (let i = 0; i < 50; i++) {
    await Promise.resolve();
    clock.advance(clock.pending > 0 ? 20_000 : 0);
  }
  return { result: await running, waits, tries };
}

test("a good first try is the end of it", async () => {
  const { result, tries } = await run([undefined]);
  assert.deepEqual(result, { value: "try 1", attempts: 1, end: "good" });
  assert.equal(tries, 1);
});

test("tries again until one is good, with a wait before each", async () => {
  const { result, waits } = await run([{ failure: reset }, { failure: reset }]);
  assert.equal(result.value, "try 3");
  assert.equal(result.end, "good");
  assert.deepEqual(waits, [10, 10]);
});

test("gives back the last failure when the retries are used up", async () => {
  const { result, tries } = await run([{ failure: reset }, { failure: reset }, { failure: reset }], {
    retries: 2,
  });
  assert.equal(tries, 3);
  assert.equal(result.end, "retries");
  assert.deepEqual(result.failure, reset);
});

test("does not repeat what may have been acted on when that could do harm", async () => {
  const { result, tries } = await run([{ failure: reset }], { request: { repeatable: false } });
  assert.equal(tries, 1);
  assert.equal(result.end, "final");
});

test("repeats what was never sent even when it is not repeatable", async () => {
  const { result } = await run([{ failure: { kind: "unsent" } }], { request: { repeatable: false } });
  assert.equal(result.value, "try 2");
});

test("stops when the body cannot be sent again", async () => {
  const { result, tries } = await run([{ failure: reset }], { request: { replayable: () => false } });
  assert.equal(tries, 1);
  assert.equal(result.end, "body");
});

test("stops when the budget is spent", async () => {
  const { result, tries } = await run([{ failure: reset }], { budget: { minPerSecond: 0 } });
  assert.equal(tries, 1);
  assert.equal(result.end, "budget");
});

test("does not begin a wait that would outlive the deadline", async () => {
  const { result, tries } = await run([{ failure: reset }], { waitMs: 40_000 });
  assert.equal(tries, 1);
  assert.equal(result.end, "deadline");
});

test("waits as long as the peer asked, when that is longer than the back-off", async () => {
  const { result, waits } = await run([{ failure: { kind: "status", status: 503 }, retryAfterMs: 2_000 }]);
  assert.deepEqual(waits, [2_000]);
  assert.equal(result.value, "try 2");
});

test("a longer Retry-After is given to the caller instead of waited for", async () => {
  const { result, tries } = await run([{ failure: { kind: "status", status: 503 }, retryAfterMs: 10_001 }]);
  assert.equal(tries, 1);
  assert.equal(result.end, "deadline");
  assert.equal(result.retryAfterMs, 10_001);
});

test("ends at once when the caller goes away during a wait", async () => {
  const clock = manualClock();
  const gone = new AbortController();
  const policy = { retries: 3, backoff: () => 1_000, budget: retryBudget({}, clock), clock };
  let tries = 0;
  const running = retry(policy, { repeatable: true, deadlineMs: 30_000, signal: gone.signal }, async () => {
    tries++;
    return { value: undefined, failure: reset };
  });
  await Promise.resolve();
  await Promise.resolve();
  gone.abort();
  await assert.rejects(running, (error: TuskerError) => error.code === "KERNEL_ABORTED");
  assert.equal(tries, 1);
  assert.equal(clock.pending, 0, "no timer is left behind");
});

test("what a try throws passes through", async () => {
  const clock = manualClock();
  const policy = { retries: 3, backoff: () => 0, budget: retryBudget({}, clock), clock };
  const broken = retry(policy, { repeatable: true, deadlineMs: 1 }, async () => {
    throw new TuskerError("KERNEL_INTERNAL", "a bug");
  });
  await assert.rejects(broken, { code: "KERNEL_INTERNAL" });
});

test("never more tries than allowed, none after a good one, none that outlives the deadline, each paid for", async () => {
  const failure = fc.constantFrom(
    { kind: "unsent" } as const,
    { kind: "reset" } as const,
    { kind: "status", status: 503 } as const,
    { kind: "final" } as const,
    undefined,
  );
  const request = fc.record({
    repeatable: fc.boolean(),
    retries: fc.nat(4),
    allowance: fc.nat(4),
    deadlineMs: fc.integer({ min: 1, max: 2_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(failure, { minLength: 1, maxLength: 8 }),
      request,
      async (course, { repeatable, retries, allowance, deadlineMs }) => {
        const clock = manualClock();
        let left = allowance;
        const policy = {
          retries,
          backoff: (attempt: number) => attempt * 100,
          budget: { deposit: () => {}, tryWithdraw: () => left-- > 0 },
          clock,
        };
        const seen: (typeof course)[number][] = [];
        const running = retry(policy, { repeatable, deadlineMs }, async (number) => {
          assert.equal(number, seen.length + 1);
          assert.ok(number === 1 || clock.now() < deadlineMs);
          const next = course[number - 1];
          seen.push(next);
          return { value: number, failure: next };
        });
        for (let ms = 0; ms < 2_500; ms += 50) {
          await new Promise(setImmediate);
          clock.advance(50);
        }
        const { attempts, value } = await running;
        assert.deepEqual([attempts, value], [seen.length, seen.length]);
        assert.ok(attempts <= Math.min(retries, allowance) + 1);
        for (const one of seen.slice(0, -1)) {
          assert.ok(one !== undefined && one.kind !== "final");
          assert.ok(repeatable || one.kind === "unsent");
        }
        assert.equal(clock.pending, 0);
      },
    ),
    { numRuns: 30 },
  );
});
