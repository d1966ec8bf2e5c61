import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compare, dropOrdered, putOrdered } from "./ordered.ts";

const byName = (a: { name: string }, b: { name: string }): number => compare(a.name, b.name);

test("rows put in and taken out in any order are those of a map, by name", () => {
  const step = fc.record({
    drop: fc.boolean(),
    name: fc.constantFrom("a", "b", "ba", "c", "d"),
    value: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const rows: { name: string; value: number }[] = [];
      const map = new Map<string, number>();
      for (const { drop, name, value } of steps) {
        if (drop) {
          dropOrdered(rows, { name, value }, byName);
          map.delete(name);
        } else {
          putOrdered(rows, { name, value }, byName);
          map.set(name, value);
        }
      }
      const expected = [...map].sort(([a], [b]) => compare(a, b)).map(([name, value]) => ({ name, value }));
      assert.deepEqual(rows, expected);
    }),
  );
});
