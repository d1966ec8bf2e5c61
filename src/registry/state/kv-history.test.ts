import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unsaid } from "./keys.ts";
import { KvHistory } from "./kv-history.ts";

const version = (key: string, index: number, value = "v") => ({
  key,
  index,
  value,
  flags: "0",
  written: unsaid,
  first: false,
});
const limits = { versionsOfKey: 3, charsOfKey: 100, versions: 10, chars: 200 };
const indexesOf = (history: KvHistory, key: string) => history.of(key).map(({ index }) => index);

test("versions are kept in order, whatever order they are read back in, each once", () => {
  const history = new KvHistory();
  for (const index of [5, 1, 3, 5, 1]) history.add(version("a", index));
  assert.deepEqual(indexesOf(history, "a"), [1, 3, 5]);
  assert.deepEqual(history.keysUnder(""), ["a"]);
  assert.equal(history.drop("a", 3), true);
  assert.equal(history.drop("a", 3), false);
  assert.deepEqual(indexesOf(history, "a"), [1, 5]);
});

test("of one key the oldest go, by number and by size, but never the last", () => {
  const history = new KvHistory(limits);
  for (const index of [1, 2, 3]) history.add(version("a", index));
  assert.deepEqual(
    history.add(version("a", 4)).map(({ index }) => index),
    [1],
  );
  assert.deepEqual(
    history.add(version("a", 5, "x".repeat(99))).map(({ index }) => index),
    [2, 3],
  );
  assert.deepEqual(
    history.add(version("a", 6, "x".repeat(150))).map(({ index }) => index),
    [4, 5],
  );
  assert.deepEqual(indexesOf(history, "a"), [6]);
});

test("whatever is written, no more is kept than may be, and what is told gone is gone", () => {
  const writes = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.nat(60)), { maxLength: 80 });
  fc.assert(
    fc.property(writes, (list) => {
      const history = new KvHistory(limits);
      const known = new Set<string>();
      for (const [index, [key, size]] of list.entries()) {
        known.add(`${key}@${index}`);
        for (const gone of history.add(version(key, index, "x".repeat(size))))
          assert.ok(known.delete(`${gone.key}@${gone.index}`));
        const kept = history.keysUnder("").flatMap((one) => [...history.of(one)]);
        assert.deepEqual(new Set(kept.map((one) => `${one.key}@${one.index}`)), known);
        assert.ok(kept.length <= limits.versions);
        assert.ok(kept.reduce((sum, { value = "" }) => sum + value.length, 0) <= limits.chars);
      }
    }),
  );
});
