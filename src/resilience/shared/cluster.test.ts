import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { type ManualClock, manualClock, seededRandom } from "../../kernel/index.ts";
import { balancer } from "../balance/index.ts";
import { type Breaker, type BreakerState, breaker, type Permit } from "../breaker.ts";
import { type Cluster, cluster } from "../cluster.ts";
import type { EndpointMemory } from "../cluster-memory.ts";
import type { Lease } from "../lease.ts";
import type { Located } from "../member.ts";
import { sharedCluster } from "./cluster.ts";
import { forgetThread } from "./concurrency.ts";
import { type SharedMemory, sharedMemory } from "./memory.ts";

const noChance = { next: () => 0, below: () => 0 };
const threads = [0, 1, 2] as const;
const memoryOf = (seed = 1): SharedMemory => sharedMemory({ threads: threads.length, keys: 8, seed });

/** The breaker of one endpoint as each thread has it, and what each was told of changes. */
function breakers(clock: ManualClock, memory = memoryOf()) {
  const changes: BreakerState[] = [];
  const made = threads.map((thread): { memory: EndpointMemory; breaker: Breaker } => {
    const own = sharedCluster(memory, "users", thread).endpoint("a");
    const onChange = (state: BreakerState): void => void changes.push(state);
    const settings = { failures: 2, minRequests: 6, maxPauseMs: 4_000 };
    return {
      memory: own,
      breaker: breaker(settings, { clock, random: noChance, onChange, cells: own.breaker }),
    };
  });
  return { changes, made, of: (thread: number): Breaker => made[thread]?.breaker ?? assert.fail() };
}

function permitOf(one: Breaker): Permit {
  const admission = one.tryAcquire();
  assert.ok(admission.admitted);
  return admission.permit;
}

test("whatever thread asks and reports, a shared breaker goes through the states of one that has a thread for itself", () => {
  const thread = fc.nat(threads.length - 1);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ ask: thread }) },
    { weight: 4, arbitrary: fc.record({ settle: fc.nat(20), how: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ advance: fc.nat(3_000) }) },
  );
  const ways = ["success", "failure", "ignore"] as const;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), fc.integer(), (steps, seed) => {
      const clock = manualClock();
      const shared = breakers(clock, memoryOf(seed));
      const changes: BreakerState[] = [];
      const plain = breaker(
        { failures: 2, minRequests: 6, maxPauseMs: 4_000 },
        { clock, random: noChance, onChange: (state) => changes.push(state) },
      );
      const held: (readonly [Permit, Permit])[] = [];
      for (const now of steps) {
        if ("advance" in now) clock.advance(now.advance);
        else if ("ask" in now) {
          const [one, other] = [shared.of(now.ask).tryAcquire(), plain.tryAcquire()];
          assert.equal(one.admitted, other.admitted);
          if (!one.admitted || !other.admitted) continue;
          assert.equal(one.permit.probe, other.permit.probe);
          held.push([one.permit, other.permit]);
        } else {
          const how = ways[now.how] ?? "ignore";
          for (const permit of held.splice(now.settle, 1)[0] ?? []) permit[how]();
        }
        for (const thread of threads) {
          const one = shared.of(thread);
          assert.deepEqual(
            [one.state, one.openedMs, one.untilMs, one.closedMs, one.admits(), one.admits("eager")],
            [
              plain.state,
              plain.openedMs,
              plain.untilMs,
              plain.closedMs,
              plain.admits(),
              plain.admits("eager"),
            ],
          );
        }
      }
      assert.deepEqual(shared.changes, changes, "each change is told once, by the thread that made it");
    }),
    { numRuns: 200 },
  );
});

test("a thread that died with the probe gives it back; its lock too", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const { of, made } = breakers(clock, memory);
  for (const thread of [0, 1]) permitOf(of(thread)).failure();
  assert.equal(of(2).state, "open", "failures of two threads count together");
  clock.advance(1_000);
  assert.equal(permitOf(of(1)).probe, true);
  assert.equal(of(0).tryAcquire().admitted, false);
  made[1]?.memory.breaker.lock.enter();
  forgetThread(memory, 1);
  const probe = permitOf(of(0));
  assert.equal(probe.probe, true);
  probe.success();
  assert.equal(of(2).state, "closed");
});

test("an endpoint that every thread let go of begins afresh; one that a thread still has does not", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const first = breakers(clock, memory);
  for (const thread of [0, 1]) permitOf(first.of(thread)).failure();
  for (const thread of [0, 1]) first.made[thread]?.memory[Symbol.dispose]();
  const second = breakers(clock, memory);
  assert.equal(second.of(0).state, "open");
  for (const { memory } of [...second.made, ...first.made.slice(2)]) memory[Symbol.dispose]();
  assert.equal(breakers(clock, memory).of(0).state, "closed");
});

/** The endpoints of one service as each thread has them. */
function clusters(
  clock: ManualClock,
  memory: SharedMemory,
  names = ["a", "b", "c"],
  failures = 3,
): Cluster<Located>[] {
  return threads.map((thread) => {
    const random = seededRandom(thread + 1);
    const one = cluster<Located>(
      { breaker: { failures, minSuccess: 0 }, outlier: { minRequests: 10, minEndpoints: 3, deviations: 1 } },
      {
        balancer: balancer("round_robin", random),
        clock,
        random: noChance,
        memory: sharedCluster(memory, "users", thread),
      },
    );
    one.adopt(names.map((id) => ({ id, weight: 1 })));
    return one;
  });
}

const breakersOf = (one: Cluster<Located> | undefined): string[] | undefined =>
  one?.members().map(({ breaker }) => breaker);

test("over all threads no open endpoint is picked but for one probe, and all see the same breakers", () => {
  const step = fc.record({
    thread: fc.nat(threads.length - 1),
    kind: fc.constantFrom("pick", "pick", "pick", "good", "bad", "bad", "drop"),
    waitMs: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(1_500)),
    which: fc.nat(30),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), fc.integer(), (steps, seed) => {
      const clock = manualClock();
      const all = clusters(clock, memoryOf(seed));
      const held: Lease<Located>[] = [];
      const probes = new Map<string, Lease<Located>>();
      const end = (lease: Lease<Located> | undefined, kind: string): void => {
        if (lease === undefined) return;
        if (kind === "good") lease.success();
        else if (kind === "bad") lease.failure();
        lease[Symbol.dispose]();
        if (probes.get(lease.endpoint.id) === lease) probes.delete(lease.endpoint.id);
      };
      for (const { thread, kind, waitMs, which } of steps) {
        clock.advance(waitMs);
        if (kind !== "pick") {
          end(held.splice(which, 1)[0], kind);
        } else {
          const before = new Map(all[0]?.members().map(({ endpoint, breaker }) => [endpoint.id, breaker]));
          const picked = all[thread]?.pick();
          if (picked?.kind === "endpoint") {
            const { id } = picked.lease.endpoint;
            held.push(picked.lease);
            if (before.get(id) !== "closed") {
              assert.equal(probes.has(id), false, "its probe is under way");
              probes.set(id, picked.lease);
            }
          }
        }
        for (const one of all) assert.deepEqual(breakersOf(one), breakersOf(all[0]));
        const running = all.flatMap((one) => one.members().map(({ inFlight }) => inFlight));
        assert.equal(
          running.reduce((sum, count) => sum + count, 0),
          held.length,
        );
      }
    }),
    { numRuns: 150 },
  );
});

test("endpoints are compared over all threads, once, and all leave the same one out", () => {
  const clock = manualClock();
  const all = clusters(clock, memoryOf(), ["a", "b", "c", "d"], 1_000);
  // Too few for any thread alone to judge.
  for (let i = 0; i < 6 * 4; i++)
    for (const one of all) {
      const picked = one.pick();
      assert.ok(picked.kind === "endpoint");
      using lease = picked.lease;
      if (lease.endpoint.id === "d" && i % 8 < 4) lease.failure();
      else lease.success();
    }
  const out = (): (boolean[] | undefined)[] => all.map((one) => one.members().map(({ ejected }) => ejected));
  clock.advance(10_000);
  all[1]?.pick();
  assert.deepEqual(out(), Array(3).fill([false, false, false, true]));
  for (const one of all)
    for (let i = 0; i < 8; i++) {
      const picked = one.pick();
      assert.ok(picked.kind === "endpoint" && picked.lease.endpoint.id !== "d");
    }
});

/** The service "users" with the endpoints a and b, as every thread has it. */
function ofTwo(
  clock: ManualClock,
  memory: SharedMemory,
  balancerOf: (thread: number) => ReturnType<typeof balancer>,
): readonly Cluster<Located>[] {
  return threads.map((thread) => {
    const shared = sharedCluster(memory, "users", thread);
    const made = cluster<Located>(
      {},
      { balancer: balancerOf(thread), clock, random: noChance, memory: shared },
    );
    made.adopt([
      { id: "a", weight: 1 },
      { id: "b", weight: 1 },
    ]);
    return made;
  });
}

test("least_request and the cost of p2c_ewma see what runs in other threads", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const [one, two] = ofTwo(clock, memory, () => balancer("least_request", noChance));
  const first = one?.pick();
  const second = two?.pick();
  assert.ok(first?.kind === "endpoint" && second?.kind === "endpoint");
  assert.notEqual(first.lease.endpoint.id, second.lease.endpoint.id);
  forgetThread(memory, 0);
  const third = two?.pick();
  assert.ok(third?.kind === "endpoint");
  assert.equal(third.lease.endpoint.id, first.lease.endpoint.id, "what a thread had that died runs no more");
});

test("threads at once: an endpoint that fails is asked as often as it takes, then never but for single probes", async () => {
  const memory = memoryOf(5);
  const under = new Int32Array(new SharedArrayBuffer(8));
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { memory, thread, under } = workerData;
    (async () => {
      const { sharedCluster } = await import(workerData.cluster);
      const { breaker } = await import(workerData.breaker);
      const { threadClock, systemRandom } = await import(workerData.kernel);
      const cells = sharedCluster(memory, "users", thread).endpoint("a").breaker;
      const settings = { failures: 1_000, minSuccess: 0, pauseMs: 1, maxPauseMs: 1 };
      const one = breaker(settings, { clock: threadClock, random: systemRandom, cells });
      // All at once.
      Atomics.add(under, 1, 1);
      while (Atomics.load(under, 1) < 3);
      const seen = { failures: 0, probes: 0, most: 0 };
      while (one.closed) {
        const { permit } = one.tryAcquire();
        if (permit === undefined) break;
        permit.failure();
        if (!permit.probe) seen.failures++;
      }
      for (const endMs = threadClock.now() + 100; threadClock.now() < endMs; ) {
        const { admitted, permit } = one.tryAcquire();
        if (!admitted) continue;
        seen.probes++;
        seen.most = Math.max(seen.most, Atomics.add(under, 0, 1) + 1);
        for (let i = 0; i < 1_000; i++) Atomics.load(under, 0);
        Atomics.sub(under, 0, 1);
        permit.failure();
      }
      parentPort.postMessage(seen);
    })();`;
  const at = (file: string): string => new URL(file, import.meta.url).href;
  const workerData = {
    memory,
    under,
    cluster: at("./cluster.ts"),
    breaker: at("../breaker.ts"),
    kernel: at("../../kernel/index.ts"),
  };
  const seen = await Promise.all(
    threads.map(async (thread) => {
      const worker = new Worker(code, { eval: true, workerData: { ...workerData, thread } });
      const { promise, resolve, reject } =
        Promise.withResolvers<Record<"failures" | "probes" | "most", number>>();
      worker.once("message", resolve).once("error", reject);
      const told = await promise;
      await worker.terminate();
      return told;
    }),
  );
  const sum = (read: (one: (typeof seen)[number]) => number): number =>
    seen.reduce((total, one) => total + read(one), 0);
  // Those that were under way when it opened come on top: one of each other thread.
  assert.ok(
    sum(({ failures }) => failures) >= 1_000 && sum(({ failures }) => failures) <= 1_002,
    JSON.stringify(seen),
  );
  assert.ok(sum(({ probes }) => probes) > 0, JSON.stringify(seen));
  assert.equal(Math.max(...seen.map(({ most }) => most)), 1, JSON.stringify(seen));
});

test("an endpoint that is slow, or owes an answer, to one thread is so to all", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const [one, two] = ofTwo(clock, memory, (thread) => balancer("p2c_ewma", seededRandom(thread + 1)));
  const leaseOf = (from: Cluster<Located> | undefined): Lease<Located> => {
    const picked = from?.pick();
    assert.ok(picked?.kind === "endpoint");
    return picked.lease;
  };
  // Both are known to answer in a moment.
  for (const lease of [leaseOf(one), leaseOf(one)]) {
    clock.advance(1);
    lease.success();
    lease[Symbol.dispose]();
  }
  const slow = leaseOf(one);
  clock.advance(100);
  const asked = (): Set<string> => {
    const ids = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const lease = leaseOf(two);
      ids.add(lease.endpoint.id);
      lease.success();
      lease[Symbol.dispose]();
    }
    return ids;
  };
  assert.equal(asked().has(slow.endpoint.id), false, "it owes an answer");
  clock.advance(1_900);
  slow.success();
  slow[Symbol.dispose]();
  assert.equal(asked().has(slow.endpoint.id), false, "it took two seconds");
  const owed = leaseOf(one);
  assert.notEqual(owed.endpoint.id, slow.endpoint.id);
  clock.advance(60_000);
  forgetThread(memory, 0);
  assert.equal(asked().has(owed.endpoint.id), true, "what a thread was owed that died is owed no more");
});

test("an endpoint that another thread opens in the middle of a choice is left for one that is live", () => {
  const clock = manualClock();
  const memory = memoryOf();
  const [other] = clusters(clock, memory, ["a", "b"]);
  let before = (): void => {
    before = () => {};
    for (let failed = 0; failed < 3; ) {
      const picked = other?.pick();
      assert.ok(picked?.kind === "endpoint");
      if (picked.lease.endpoint.id === "a") {
        picked.lease.failure();
        failed++;
      }
      picked.lease[Symbol.dispose]();
    }
  };
  const one = cluster<Located>(
    { breaker: { failures: 3, minSuccess: 0 } },
    {
      balancer: {
        name: "random",
        pick: (live) => {
          before();
          return live[0];
        },
      },
      clock,
      random: noChance,
      memory: sharedCluster(memory, "users", 1),
    },
  );
  one.adopt([
    { id: "a", weight: 1 },
    { id: "b", weight: 1 },
  ]);
  const picked = one.pick();
  assert.ok(picked.kind === "endpoint");
  assert.equal(picked.lease.endpoint.id, "b");
  assert.deepEqual(breakersOf(one), ["open", "closed"]);
});
