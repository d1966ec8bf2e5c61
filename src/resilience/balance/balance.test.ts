import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { type Load, peakEwma } from "../load.ts";
import { type Balanced, balancerNames } from "./balancer.ts";
import { balancer } from "./index.ts";

interface Named extends Balanced {
  readonly name: string;
}

function endpoint(name: string, weight = 1, load: Load = peakEwma({}, manualClock())): Named {
  return { id: name, name, weight, load };
}

function busy(name: string, inFlight: number, weight = 1): Named {
  const one = endpoint(name, weight);
  for (let i = 0; i < inFlight; i++) one.load.begin();
  return one;
}

function shares(
  name: (typeof balancerNames)[number],
  live: readonly Named[],
  picks: number,
): Record<string, number> {
  const one = balancer(name, seededRandom(7));
  const counts: Record<string, number> = Object.fromEntries(live.map((member) => [member.name, 0]));
  for (let i = 0; i < picks; i++) {
    const picked = one.pick(live);
    assert.ok(picked);
    counts[picked.name] = (counts[picked.name] ?? 0) + 1;
  }
  return counts;
}

for (const name of balancerNames) {
  test(`${name} says its name, picks nobody from nobody and the only one from one`, () => {
    const one = balancer(name, seededRandom(1));
    const only = endpoint("a");
    assert.equal(one.name, name);
    assert.equal(one.pick([]), undefined);
    assert.equal(one.pick([only]), only);
  });

  test(`${name} always picks one of those given`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), inFlight: fc.nat(5) }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer(),
        (shape, seed) => {
          const live = shape.map(({ weight, inFlight }, i) => busy(`e${i}`, inFlight, weight));
          const one = balancer(name, seededRandom(seed));
          for (let i = 0; i < 20; i++) assert.ok(live.includes(one.pick(live) as Named));
        },
      ),
      // Tables of hashing balancers are built anew for each set.
      { numRuns: name === "ring_hash" || name === "maglev" ? 15 : 100 },
    );
  });
}

test("p2c_ewma takes the cheaper of two", () => {
  const slow = endpoint("slow");
  const fast = endpoint("fast");
  slow.load.observe(25);
  fast.load.observe(5);
  assert.deepEqual(shares("p2c_ewma", [slow, fast], 100), { slow: 0, fast: 100 });
});

test("p2c_ewma never compares an endpoint with itself, so the worst of three is never picked", () => {
  const live = [endpoint("a"), endpoint("b"), endpoint("c")];
  for (const [i, member] of live.entries()) member.load.observe(5 + i);
  const counts = shares("p2c_ewma", live, 3_000);
  assert.equal(counts["c"], 0);
  assert.ok((counts["a"] ?? 0) > 1_800 && (counts["b"] ?? 0) > 800, JSON.stringify(counts));
});

test("p2c_ewma gives a heavier endpoint more before it counts as busier", () => {
  const light = busy("light", 2, 1);
  const heavy = busy("heavy", 5, 4);
  assert.deepEqual(shares("p2c_ewma", [light, heavy], 50), { light: 0, heavy: 50 });
});

test("round_robin takes each in turn", () => {
  const live = ["a", "b", "c"].map((name) => endpoint(name));
  const one = balancer("round_robin", seededRandom(1));
  assert.deepEqual(
    Array.from({ length: 6 }, () => one.pick(live)?.name),
    ["a", "b", "c", "a", "b", "c"],
  );
});

test("round_robin spreads weights smoothly instead of in bursts", () => {
  const live = [endpoint("a", 5), endpoint("b", 1), endpoint("c", 1)];
  const one = balancer("round_robin", seededRandom(1));
  const order = Array.from({ length: 7 }, () => one.pick(live)?.name).join("");
  assert.equal(order, "aabacaa");
});

test("round_robin gives exact shares over a full turn, whatever the weights", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }), (weights) => {
      const live = weights.map((weight, i) => endpoint(`e${i}`, weight));
      const turn = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = shares("round_robin", live, turn * 3);
      for (const [i, weight] of weights.entries()) assert.equal(counts[`e${i}`], weight * 3);
    }),
  );
});

test("round_robin goes on in turn when the set changes", () => {
  const [a, b, c] = [endpoint("a"), endpoint("b"), endpoint("c")];
  const one = balancer("round_robin", seededRandom(1));
  one.pick([a, b]);
  const next = Array.from({ length: 3 }, () => one.pick([a, b, c])?.name);
  assert.deepEqual([...next].sort(), ["a", "b", "c"]);
});

test("least_request takes the one with the fewest running requests per weight", () => {
  assert.deepEqual(shares("least_request", [busy("a", 3), busy("b", 1), busy("c", 2)], 20), {
    a: 0,
    b: 20,
    c: 0,
  });
  assert.deepEqual(shares("least_request", [busy("a", 1), busy("b", 5, 4)], 20), { a: 0, b: 20 });
});

test("least_request is fair among equals", () => {
  const counts = shares(
    "least_request",
    ["a", "b", "c", "d"].map((name) => busy(name, 1)),
    4_000,
  );
  for (const count of Object.values(counts)) assert.ok(Math.abs(count - 1_000) < 150, JSON.stringify(counts));
});

test("random follows the weights", () => {
  const counts = shares("random", [endpoint("a", 3), endpoint("b", 1)], 4_000);
  assert.ok(Math.abs((counts["a"] ?? 0) - 3_000) < 150, JSON.stringify(counts));
});
