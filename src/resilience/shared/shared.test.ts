import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { rateLimit } from "../rate-limit.ts";
import { forgetThread, sharedConcurrencyLimit } from "./concurrency.ts";
import { bucketBytes, sharedMemory } from "./memory.ts";
import { sharedRateLimit } from "./rate-limit.ts";

test("a concurrency limit counts over all threads, and reports each thread's own", () => {
  const memory = sharedMemory({ threads: 2, seed: 1 });
  const [one, two] = [sharedConcurrencyLimit(memory, 0, 3), sharedConcurrencyLimit(memory, 1, 3)];
  assert.deepEqual(
    [one.tryEnter(), two.tryEnter(), two.tryEnter(), one.tryEnter()],
    [true, true, true, false],
  );
  assert.deepEqual([one.inFlight, two.inFlight], [1, 2]);
  two.leave();
  assert.equal(one.tryEnter(), true);
});

test("the places of a thread that died are given back", () => {
  const memory = sharedMemory({ threads: 2, seed: 1 });
  const [one, two] = [sharedConcurrencyLimit(memory, 0, 2), sharedConcurrencyLimit(memory, 1, 2)];
  assert.ok(one.tryEnter() && one.tryEnter() && !two.tryEnter());
  forgetThread(memory, 0);
  assert.ok(two.tryEnter() && two.tryEnter() && !two.tryEnter());
});

test("a shared rate limit decides as the plain one, whatever thread asks", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.nat(1), fc.nat(3), fc.nat(400)), { maxLength: 60 }),
      (limit, steps) => {
        const clock = manualClock();
        const settings = { limit, windowMs: 1_000 };
        const memory = sharedMemory({ threads: 2, keys: 64, seed: 7 });
        const shared = [0, 1].map((thread) => sharedRateLimit(memory, "a", settings, { clock, thread }));
        const plain = rateLimit(settings, clock);
        for (const [thread, key, waitMs] of steps) {
          clock.advance(waitMs);
          assert.deepEqual(shared[thread]?.check(`k${key}`), plain.check(`k${key}`));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("the locks of a thread that died in the middle of a decision are freed", () => {
  const memory = sharedMemory({ threads: 2, keys: 64, seed: 7 });
  const words = new Int32Array(memory.rates);
  // As it leaves them: the number of the thread plus one.
  for (let at = 0; at < words.length; at += bucketBytes / 4) words[at] = 2;
  forgetThread(memory, 1);
  const limit = sharedRateLimit(
    memory,
    "a",
    { limit: 1, windowMs: 1_000 },
    { clock: manualClock(), thread: 0 },
  );
  assert.equal(limit.check("k").allowed, true);
  assert.equal(limit.check("k").allowed, false);
});

test("limits of other names and other numbers are other limits", () => {
  const clock = manualClock();
  const memory = sharedMemory({ threads: 1, seed: 1 });
  const of = (name: string, limit: number) =>
    sharedRateLimit(memory, name, { limit, windowMs: 1_000 }, { clock, thread: 0 });
  assert.equal(of("a", 1).check("k").allowed, true);
  assert.equal(of("a", 1).check("k").allowed, false, "the same limit, made again");
  assert.equal(of("b", 1).check("k").allowed, true);
  assert.equal(of("a", 2).check("k").allowed, true);
});

test("a full table forgets the key unused for longest, and says so", () => {
  const clock = manualClock();
  const memory = sharedMemory({ threads: 1, keys: 8, seed: 3 });
  const limit = sharedRateLimit(memory, "a", { limit: 1, windowMs: 60_000 }, { clock, thread: 0 });
  for (let n = 0; n < 8; n++) {
    limit.check(`k${n}`);
    clock.advance(1);
  }
  assert.deepEqual([limit.keys, limit.forgotten], [8, 0]);
  limit.check("k0");
  clock.advance(1);
  limit.check("new");
  assert.deepEqual([limit.keys, limit.forgotten], [8, 1]);
  assert.equal(limit.check("k0").allowed, false, "it was used lately");
  assert.equal(limit.check("k1").allowed, true, "it was forgotten");
});

test("threads at once admit exactly the limit, for every key", async () => {
  const memory = sharedMemory({ threads: 3, seed: seededRandom(5).below(2 ** 32) });
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    (async () => {
      const { sharedRateLimit } = await import(workerData.module);
      const { threadClock } = await import(workerData.kernel);
      const at = { clock: threadClock, thread: workerData.thread };
      const limit = sharedRateLimit(workerData.memory, "a", { limit: 50, windowMs: 3_600_000 }, at);
      const admitted = new Array(20).fill(0);
      for (let n = 0; n < 4_000; n++) if (limit.check("k" + (n % 20)).allowed) admitted[n % 20]++;
      parentPort.postMessage(admitted);
    })();`;
  const module = new URL("./rate-limit.ts", import.meta.url).href;
  const kernel = new URL("../../kernel/index.ts", import.meta.url).href;
  const counts = await Promise.all(
    [0, 1, 2].map(async (thread) => {
      const worker = new Worker(code, { eval: true, workerData: { memory, module, kernel, thread } });
      const { promise, resolve, reject } = Promise.withResolvers<number[]>();
      worker.once("message", resolve).once("error", reject);
      const admitted = await promise;
      await worker.terminate();
      return admitted;
    }),
  );
  for (let key = 0; key < 20; key++)
    assert.equal(
      counts.reduce((sum, admitted) => sum + (admitted[key] ?? 0), 0),
      50,
    );
});
