import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../kernel/index.ts";
import { weighted } from "./weighted.ts";

const items = fc.array(fc.record({ weight: fc.nat(5), id: fc.nat() }), { maxLength: 30 });

test("it is some of the items, none twice", () => {
  fc.assert(
    fc.property(items, fc.nat(40), fc.nat(), (list, most, seed) => {
      const chosen = weighted(list, most, seededRandom(seed));
      assert.equal(chosen.length, Math.min(most, list.length));
      assert.equal(new Set(chosen).size, chosen.length);
      for (const item of chosen) assert.ok(list.includes(item));
    }),
  );
});

test("an item comes first as often as its weight says, and one without weight last", () => {
  const list = [
    { weight: 1, id: "light" },
    { weight: 3, id: "heavy" },
    { weight: 0, id: "spare" },
  ];
  const random = seededRandom(1);
  let heavyFirst = 0;
  for (let i = 0; i < 4_000; i++) {
    const order = weighted(list, 3, random).map(({ id }) => id);
    assert.equal(order[2], "spare");
    if (order[0] === "heavy") heavyFirst++;
  }
  assert.ok(Math.abs(heavyFirst / 4_000 - 0.75) < 0.03, `${heavyFirst}`);
});

test("equal ones come in every order equally often", () => {
  const list = ["a", "b", "c"].map((id) => ({ id, weight: 1 }));
  const random = seededRandom(2);
  const seen = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const order = weighted(list, 3, random)
      .map(({ id }) => id)
      .join("");
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  for (const count of seen.values()) assert.ok(Math.abs(count - 1_000) < 150, `${count}`);
});
