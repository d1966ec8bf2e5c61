import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { peakEwma } from "../load.ts";
import type { Balanced } from "./balancer.ts";
import { hash32 } from "./hash.ts";
import { balancer } from "./index.ts";

const names = ["ring_hash", "maglev"] as const;

function member(id: string, weight = 1): Balanced {
  return { id, weight, load: peakEwma({}, manualClock()) };
}

function members(count: number): Balanced[] {
  return Array.from({ length: count }, (_, i) => member(`10.0.0.${i}:80`));
}

/** Where each of `keys` goes. */
function homes(name: (typeof names)[number], live: readonly Balanced[], keys: number): string[] {
  const one = balancer(name, seededRandom(1));
  one.adopt?.(live);
  return Array.from({ length: keys }, (_, i) => one.pick(live, `user ${i}`)?.id ?? "");
}

for (const name of names) {
  test(`${name} sends equal keys to the same endpoint, in whatever process and order`, () => {
    const live = members(7);
    assert.deepEqual(homes(name, live, 200), homes(name, live, 200));
    assert.deepEqual(homes(name, [...live].reverse(), 200).sort(), homes(name, live, 200).sort());
  });

  test(`${name} moves about one key in n when one of n endpoints leaves, and only its own`, () => {
    const live = members(10);
    const before = homes(name, live, 5_000);
    const left = live.slice(1);
    const after = homes(name, left, 5_000);
    const moved = before.filter((home, i) => home !== after[i] && home !== live[0]?.id).length;
    assert.ok(moved / 5_000 < (name === "ring_hash" ? 0.0001 : 0.05), `${moved} of 5,000 others moved`);
    assert.ok(after.every((home) => home !== live[0]?.id));
  });

  test(`${name} moves nobody else while one endpoint fails for a moment`, () => {
    const live = members(8);
    const one = balancer(name, seededRandom(1));
    one.adopt?.(live);
    for (let i = 0; i < 1_000; i++) {
      const home = one.pick(live, `k${i}`);
      const meanwhile = one.pick(live.slice(1), `k${i}`);
      if (home !== live[0]) assert.equal(meanwhile, home);
      assert.notEqual(meanwhile, live[0]);
      assert.equal(one.pick(live, `k${i}`), home, "and it comes back");
    }
  });

  test(`${name} gives shares by weight`, () => {
    const live = [member("a", 1), member("b", 2), member("c", 5)];
    const found = homes(name, live, 8_000);
    for (const [id, share] of [
      ["a", 1 / 8],
      ["b", 2 / 8],
      ["c", 5 / 8],
    ] as const) {
      const got = found.filter((home) => home === id).length / 8_000;
      assert.ok(Math.abs(got - share) < 0.06, `${id}: ${got} for ${share}`);
    }
  });

  test(`${name} spills a hot key before it takes one and a half times the fair share`, () => {
    const live = members(5);
    const one = balancer(name, seededRandom(1));
    one.adopt?.(live);
    for (let i = 0; i < 500; i++) one.pick(live, "everybody's favourite")?.load.begin();
    const most = Math.max(...live.map(({ load }) => load.inFlight));
    assert.ok(most <= 1.5 * 100 + 1, `${most} of 500 on one of five`);
  });

  test(`${name} without a key spreads over all`, () => {
    const live = members(4);
    const one = balancer(name, seededRandom(1));
    one.adopt?.(live);
    const seen = new Set(Array.from({ length: 200 }, () => one.pick(live)?.id));
    assert.equal(seen.size, 4);
  });

  test(`${name} gives one of the live ones for any set and any key`, () => {
    const set = fc.uniqueArray(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(set, set, fc.string(), (known, live, key) => {
        const one = balancer(name, seededRandom(1));
        one.adopt?.(known.map((id) => member(id)));
        const now = live.map((id) => member(id));
        assert.ok(now.includes(one.pick(now, key) as Balanced));
      }),
      { numRuns: 40 },
    );
  });
}

test("maglev's shares are even to a hundredth over its table", () => {
  const live = members(9);
  const found = homes("maglev", live, 30_000);
  for (const { id } of live) {
    const share = (found.filter((home) => home === id).length / 30_000) * 9;
    assert.ok(Math.abs(share - 1) < 0.06, `${id} has ${share} of its share`);
  }
});

test("names that differ in one digit land far apart", () => {
  const places = Array.from({ length: 1_000 }, (_, i) => hash32(`e${i}`) / 2 ** 32);
  const tenths = Array.from(
    { length: 10 },
    (_, t) => places.filter((at) => Math.floor(at * 10) === t).length,
  );
  for (const count of tenths) assert.ok(count > 60 && count < 140, JSON.stringify(tenths));
  assert.equal(new Set(places).size, 1_000);
});
