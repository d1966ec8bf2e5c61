import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../kernel/index.ts";
import { eventRing } from "./event-ring.ts";

const named = (name: string) => ({
  id: "",
  name,
  payload: "",
  nodeFilter: "",
  serviceFilter: "",
  tagFilter: "",
});

test("the last events are kept, in order, and their indexes rise within one millisecond", () => {
  const ring = eventRing(manualClock(5_000), 3);
  assert.deepEqual([ring.version(), ring.version("a")], [1, 1]);
  for (const name of ["a", "b", "a", "c"]) ring.add(named(name));
  assert.deepEqual(
    ring.list().map(({ name, index, order }) => [name, index, order]),
    [
      ["b", 5_001, 2],
      ["a", 5_002, 3],
      ["c", 5_003, 4],
    ],
  );
  assert.deepEqual([ring.version(), ring.version("a"), ring.version("none")], [5_003, 5_002, 1]);
});

test("the index of a name outlives its events", () => {
  const ring = eventRing(manualClock(5_000), 1);
  ring.add(named("a"));
  ring.add(named("b"));
  assert.deepEqual([ring.list("a"), ring.version("a")], [[], 5_000]);
});
