import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../kernel/index.ts";
import type { BalancerName } from "./balance/balancer.ts";
import { balancer } from "./balance/index.ts";
import { type ClusterSettings, cluster } from "./cluster.ts";
import type { Located } from "./member.ts";

/**
 * Eleven endpoints at 300 requests per second for 20 seconds of virtual time; number 0 misbehaves between second 5
 * and 15. Policies are judged by what clients see.
 */
interface Fault {
  readonly answerMs: number;
  readonly ok: boolean;
  /** Share of the answers of all others that take up to 300 ms more, as on a busy machine. */
  readonly noise?: number;
}

interface Seen {
  readonly requests: number;
  readonly failed: number;
  readonly slow: number;
  /** Requests that reached endpoint 0 while it misbehaved. */
  readonly hits: number;
}

function simulate(name: BalancerName, fault: Fault, settings: ClusterSettings, retries = 0): Seen {
  const clock = manualClock();
  const random = seededRandom(11);
  const one = cluster<Located>(settings, { balancer: balancer(name, random), clock, random });
  one.adopt(Array.from({ length: 11 }, (_, i) => ({ id: `e${i}`, weight: 1 })));
  const seen = { requests: 0, failed: 0, slow: 0, hits: 0 };

  const ask = (startMs: number, triesLeft: number, tried: ReadonlySet<string>): void => {
    const picked = one.pick(tried);
    if (picked.kind !== "endpoint") {
      seen.failed++;
      return;
    }
    const { lease } = picked;
    const now = clock.now();
    const faulty = lease.endpoint.id === "e0" && now >= 5_000 && now < 15_000;
    if (faulty) seen.hits++;
    const spikeMs = random.next() < (fault.noise ?? 0) ? random.next() * 300 : 0;
    const answerMs = faulty ? fault.answerMs : 5 + random.next() * 20 + spikeMs;
    clock.after(answerMs, () => {
      const ok = !faulty || fault.ok;
      if (ok) lease.success();
      else lease.failure();
      lease[Symbol.dispose]();
      if (!ok && triesLeft > 0) return ask(startMs, triesLeft - 1, new Set([...tried, lease.endpoint.id]));
      if (!ok) seen.failed++;
      if (clock.now() - startMs >= 1_000) seen.slow++;
    });
  };

  for (let sent = 0; sent < 6_000; sent++) {
    clock.advance(1_000 / 300);
    seen.requests++;
    ask(clock.now(), retries, new Set());
  }
  clock.advance(10_000);
  return seen;
}

const failsFast: Fault = { answerMs: 1, ok: false };
const isSlow: Fault = { answerMs: 2_000, ok: true };
const breakers: ClusterSettings = { breaker: {} };

test("one endpoint failing fast: the penalty alone keeps traffic away, where fewest requests draws it in", () => {
  const ours = simulate("p2c_ewma", failsFast, {});
  const fewest = simulate("least_request", failsFast, {});
  assert.ok(ours.failed / ours.requests < 0.005, JSON.stringify(ours));
  assert.ok(fewest.failed / fewest.requests > 0.05, JSON.stringify(fewest));
});

test("one endpoint failing fast: a breaker saves even round robin", () => {
  const bare = simulate("round_robin", failsFast, {});
  const guarded = simulate("round_robin", failsFast, breakers);
  assert.ok(bare.failed / bare.requests > 0.04, JSON.stringify(bare));
  assert.ok(guarded.failed / guarded.requests < 0.005, JSON.stringify(guarded));
});

test("one endpoint failing fast: with one retry elsewhere no client sees it", () => {
  assert.equal(simulate("p2c_ewma", failsFast, breakers, 1).failed, 0);
});

test("one endpoint answering in two seconds: 99.9 % of answers stay under one", () => {
  const ours = simulate("p2c_ewma", isSlow, breakers);
  const turns = simulate("round_robin", isSlow, breakers);
  assert.ok(ours.slow / ours.requests < 0.001, JSON.stringify(ours));
  assert.ok(turns.slow / turns.requests > 0.04, JSON.stringify(turns));
});

test("one endpoint answering in two seconds among noisy ones is known by its silence", () => {
  const ours = simulate("p2c_ewma", { ...isSlow, noise: 0.05 }, breakers);
  assert.ok(ours.slow / ours.requests < 0.001, JSON.stringify(ours));
});

test("a failing endpoint is probed a few times, not hammered", () => {
  const { hits } = simulate("p2c_ewma", failsFast, { breaker: { failures: 1 } });
  assert.ok(hits >= 2 && hits <= 20, `${hits} requests in ten seconds`);
});

test("after a total outage all endpoints are back within two seconds of the first good probe", () => {
  const clock = manualClock();
  const random = seededRandom(5);
  const one = cluster<Located>(breakers, { balancer: balancer("p2c_ewma", random), clock, random });
  one.adopt(Array.from({ length: 11 }, (_, i) => ({ id: `e${i}`, weight: 1 })));
  let firstGoodMs: number | undefined;
  let allBackMs: number | undefined;
  for (let sent = 0; sent < 60_000 && allBackMs === undefined; sent++) {
    clock.advance(5);
    const up = clock.now() > 40_000;
    const picked = one.pick();
    if (picked.kind !== "endpoint") continue;
    if (up) picked.lease.success();
    else picked.lease.failure();
    picked.lease[Symbol.dispose]();
    if (up) firstGoodMs ??= clock.now();
    if (up && one.members().every((member) => member.breaker === "closed")) allBackMs = clock.now();
  }
  assert.ok(firstGoodMs !== undefined && allBackMs !== undefined);
  assert.ok(allBackMs - firstGoodMs <= 2_000, `${allBackMs - firstGoodMs} ms`);
});
