import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { versions } from "./versions.ts";

test("a topic that never changed has the floor, which is at least 1", () => {
  assert.equal(versions(500).of("a"), 500);
  assert.equal(versions(0).of("a"), 1);
});

test("a change moves its topics and no others", () => {
  const known = versions(1);
  known.bump(["a", "b"], 5);
  known.bump(["b"], 6);
  assert.deepEqual([known.of("a"), known.of("b"), known.of("c")], [5, 6, 1]);
});

test("a forgotten topic has the index of the last one forgotten", () => {
  const known = versions(1, 2);
  known.bump(["a"], 5);
  known.bump(["b"], 6);
  known.bump(["c"], 7);
  assert.deepEqual([known.of("a"), known.of("b"), known.of("c"), known.of("never")], [5, 6, 7, 5]);
});

test("no index ever goes backwards, however little is remembered", () => {
  const topic = fc.constantFrom<string>("a", "b", "c", "d", "e", "f");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.array(topic)), (room, changes) => {
      const known = versions(1, room);
      const seen = new Map<string, number>();
      changes.forEach((touched, i) => {
        known.bump(touched, i + 2);
        for (const name of ["a", "b", "c", "d", "e", "f"]) {
          const now = known.of(name);
          assert.ok(now >= (seen.get(name) ?? 1));
          if (touched.includes(name) && room >= new Set(touched).size) assert.equal(now, i + 2);
          seen.set(name, now);
        }
      });
    }),
  );
});
