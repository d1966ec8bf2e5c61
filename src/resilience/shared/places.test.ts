import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { type Bulkhead, bulkhead } from "../overload/bulkhead.ts";
import { ownPlaces, type Places } from "../overload/places.ts";
import { forgetThread } from "./concurrency.ts";
import { type SharedMemory, sharedMemory } from "./memory.ts";
import { sharedPlaces } from "./places.ts";

function placesOf(memory: SharedMemory, name: string, thread: number): Places {
  const places = sharedPlaces(memory, name, thread);
  assert.ok(places !== undefined);
  return places;
}

test("places are taken from one number, whatever thread takes and gives, and every name has its own", () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    thread: fc.nat(2),
    kind: fc.constantFrom("take", "take", "give"),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer(),
      (steps, limit, seed) => {
        const memory = sharedMemory({ threads: 3, keys: 8, seed });
        const plain = new Map(["a", "b", "c"].map((name) => [name, ownPlaces()]));
        const had: string[] = [];
        for (const { name, thread, kind } of steps) {
          const shared = placesOf(memory, name, thread);
          const own = plain.get(name);
          const held = `${name} ${thread}`;
          if (kind === "take") {
            const got = shared.tryTake(limit);
            assert.equal(got, own?.tryTake(limit));
            if (got) had.push(held);
          } else if (had.includes(held)) {
            had.splice(had.indexOf(held), 1);
            shared.give();
            own?.give();
          }
          assert.equal(shared.taken, own?.taken);
        }
        for (const thread of [0, 1, 2]) forgetThread(memory, thread);
        for (const name of ["a", "b", "c"])
          assert.equal(placesOf(memory, name, 0).taken, 0, "nobody holds them");
      },
    ),
    { numRuns: 100 },
  );
});

test("who waits in one thread hears of a place that another gives back, or died with", async () => {
  const memory = sharedMemory({ threads: 2, keys: 8, seed: 1 });
  const gate = (thread: number): Bulkhead =>
    bulkhead({ limit: () => 1, maxQueued: 5, maxWaitMs: 1_000 }, manualClock(), {
      places: placesOf(memory, "users", thread),
    });
  const [one, two] = [gate(0), gate(1)];
  assert.equal(one.enter("normal"), "entered");
  const waiting = two.enter("normal");
  assert.ok(waiting instanceof Promise);
  one.leave();
  assert.equal(await waiting, "entered");
  assert.deepEqual([one.inFlight, two.inFlight], [1, 1], "of all");
  const next = one.enter("normal");
  forgetThread(memory, 1);
  assert.equal(await next, "entered");
  one.leave();
  assert.equal(two.inFlight, 0);
});

test("threads at once never have more than the limit, and all that wait are served in the end", async () => {
  const memory = sharedMemory({ threads: 3, keys: 8, seed: 4 });
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { memory, thread } = workerData;
    (async () => {
      const { sharedPlaces } = await import(workerData.places);
      const { bulkhead } = await import(workerData.bulkhead);
      const { threadClock } = await import(workerData.kernel);
      const places = sharedPlaces(memory, "users", thread);
      const gate = bulkhead({ limit: () => 2, maxQueued: 1_000, maxWaitMs: 60_000 }, threadClock, { places });
      let most = 0;
      const one = async () => {
        for (let n = 0; n < 20; n++) {
          const entry = await gate.enter("normal");
          if (entry !== "entered") throw new Error(entry);
          most = Math.max(most, gate.inFlight);
          await new Promise(setImmediate);
          gate.leave();
        }
      };
      await Promise.all(Array.from({ length: 10 }, one));
      parentPort.postMessage(most);
    })();`;
  const workerData = {
    memory,
    places: new URL("./places.ts", import.meta.url).href,
    bulkhead: new URL("../overload/bulkhead.ts", import.meta.url).href,
    kernel: new URL("../../kernel/index.ts", import.meta.url).href,
  };
  const most = await Promise.all(
    [0, 1, 2].map(async (thread) => {
      const worker = new Worker(code, { eval: true, workerData: { ...workerData, thread } });
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      worker.once("message", resolve).once("error", reject);
      const seen = await promise;
      await worker.terminate();
      return seen;
    }),
  );
  assert.ok(Math.max(...most) <= 2, String(most));
  assert.equal(placesOf(memory, "users", 0).taken, 0);
});

test("a name that finds no row has no shared places", () => {
  const memory = sharedMemory({ threads: 1, keys: 8, seed: 2 });
  for (let i = 0; i < 2_048; i++) placesOf(memory, `service-${i}`, 0);
  assert.equal(sharedPlaces(memory, "one more", 0), undefined);
  assert.ok(sharedPlaces(memory, "service-7", 0) !== undefined, "those that have one keep it");
});
