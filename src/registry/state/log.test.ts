import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ChangeLog, memoryLog } from "./log.ts";

async function filled(start: number, capacity: number, count: number): Promise<ChangeLog> {
  const log = memoryLog(start, capacity);
  for (let i = 1; i <= count; i++) await log.append({ index: start + i, atMs: i, changes: [] });
  return log;
}

test("an empty log stands where it starts, at 1 or higher", () => {
  assert.equal(memoryLog(1_767_225_600_000).last, 1_767_225_600_000);
  assert.equal(memoryLog(0).last, 1);
  assert.deepEqual(memoryLog(5).since(5), []);
});

test("since gives what came after an index, in order", async () => {
  const log = await filled(10, 100, 5);
  assert.deepEqual(
    log.since(12)?.map(({ index }) => index),
    [13, 14, 15],
  );
  assert.deepEqual(log.since(15), []);
  assert.deepEqual(log.since(99), []);
});

test("an index of before the log began is no longer known", async () => {
  const log = await filled(10, 100, 5);
  assert.equal(log.since(9), undefined);
  assert.equal(log.since(10)?.length, 5);
});

test("large values are forgotten sooner, so that a few of them do not fill the memory", () => {
  const log = memoryLog(1);
  const value = "x".repeat(1_000_000);
  for (let index = 2; index <= 101; index++) {
    const entry = { key: "k", value, flags: "0", session: "", lockIndex: 0 };
    log.append({ index, atMs: 0, changes: [{ kind: "kv", entry }] });
  }
  const kept = Array.from({ length: 100 }, (_, i) => log.since(i + 1)).find(
    (entries) => entries !== undefined,
  );
  assert.ok(kept !== undefined && kept.length > 0 && kept.length <= 16);
  assert.equal(kept.at(-1)?.index, 101);
});

test("old entries are forgotten, and asking for them says so", () => {
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 100 }),
      async (capacity, count) => {
        const log = await filled(1, capacity, count);
        assert.equal(log.last, 1 + count);
        for (let index = 1; index <= log.last; index++) {
          const entries = log.since(index);
          if (entries === undefined) {
            assert.ok(log.last - index > capacity, "it forgot within its capacity");
            continue;
          }
          assert.deepEqual(
            entries.map((entry) => entry.index),
            Array.from({ length: log.last - index }, (_, i) => index + 1 + i),
          );
        }
        assert.ok((log.since(1)?.length ?? 0) <= capacity * 2);
      },
    ),
  );
});
