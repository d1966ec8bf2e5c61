import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Pile } from "./pile.ts";

type Nested = number | readonly Nested[];

const { nested } = fc.letrec<{ nested: Nested }>((tie) => ({
  nested: fc.oneof({ maxDepth: 4 }, fc.nat(9), fc.array(tie("nested"), { maxLength: 20 })),
}));

/** Lists read one inside the other, as a parser reads them. */
function copied(value: Nested, pile: Pile<Nested>): Nested {
  if (typeof value === "number") return value;
  const { mark } = pile;
  for (const inner of value) pile.push(copied(inner, pile));
  return pile.take(mark);
}

test("lists that are made one inside the other come out as they went in, and nothing stays on the pile", () => {
  fc.assert(
    fc.property(nested, (value) => {
      const pile = new Pile<Nested>();
      assert.deepEqual(copied(value, pile), value);
      assert.equal(pile.mark, 0);
    }),
  );
});

test("what is taken off again is in no list", () => {
  const pile = new Pile<string>();
  for (const one of ["a", "b", "c", "d"]) pile.push(one);
  assert.equal(pile.pop(), "d");
  pile.drop(1);
  assert.deepEqual(pile.take(0), ["a"]);
  assert.deepEqual(pile.take(0), []);
});
