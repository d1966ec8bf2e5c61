import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { memoryLog } from "./log.ts";
import type { Change } from "./model.ts";
import { openStore } from "./store.ts";
import { topics } from "./topics.ts";

const keys = ["a", "a/b", "a/b/c", "a/c", "b", "b\0c", "b\0d", "é"];
const prefixes = ["", "a", "a/", "a/b", "b", "b\0", "z"];

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      key: fc.constantFrom(...keys),
      value: fc.constantFrom("", "eA==", "eQ=="),
      session: fc.constantFrom("", "s1", "s2"),
      lockIndex: fc.constantFrom(0, 1),
    })
    .map((entry): Change => ({ kind: "kv", entry: { ...entry, flags: "0" } })),
  fc.constantFrom(...keys).map((key): Change => ({ kind: "kv-gone", key })),
);
const transactions = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 40 });

test("keys are those of a plain map, in order, and so is who holds them", async () => {
  await fc.assert(
    fc.asyncProperty(transactions, async (list) => {
      const store = openStore({ clock: manualClock(), log: memoryLog(1), maxWaiting: 10 });
      const naive = new Map<string, { value: string; session: string }>();
      for (const changes of list) {
        await store.commit(changes);
        for (const step of changes) {
          if (step.kind === "kv") naive.set(step.entry.key, step.entry);
          if (step.kind === "kv-gone") naive.delete(step.key);
        }
      }
      const { kv } = store.tables;
      for (const prefix of prefixes) {
        const expected = [...naive.keys()].filter((key) => key.startsWith(prefix)).sort();
        assert.deepEqual(
          kv.under(prefix).map(({ key }) => key),
          expected,
        );
      }
      for (const session of ["s1", "s2"]) {
        const expected = [...naive].filter(([, row]) => row.session === session).map(([key]) => key);
        assert.deepEqual(kv.heldBy(session), expected.sort());
      }
      for (const key of keys) assert.equal(kv.get(key)?.value, naive.get(key)?.value);
    }),
    { numRuns: 200 },
  );
});

test("who waits for a key or a prefix wakes exactly when something there changed, and its index says so", async () => {
  await fc.assert(
    fc.asyncProperty(transactions, async (list) => {
      const store = openStore({ clock: manualClock(), log: memoryLog(1), maxWaiting: 1_000 });
      const watched = [...keys.map(topics.key), ...prefixes.map(topics.prefix)];
      const look = (topic: string): string => {
        const text = topic.slice(topic.indexOf(":") + 1);
        const { kv } = store.tables;
        return JSON.stringify(topic.startsWith("key:") ? (kv.get(text) ?? null) : kv.under(text));
      };
      for (const changes of list) {
        const before = new Map(watched.map((topic) => [topic, [look(topic), store.version(topic)] as const]));
        const woken = new Set<string>();
        const ending = new AbortController();
        for (const topic of watched) {
          store.waits.on(topic, 1_000, ending.signal)?.then(() => {
            if (!ending.signal.aborted) woken.add(topic);
          });
        }
        const last = store.log.last;
        await store.commit(changes);
        await Promise.resolve();
        const touched = (store.log.since(last) ?? []).flatMap((entry) =>
          entry.changes.flatMap((one) =>
            one.kind === "kv" ? one.entry.key : one.kind === "kv-gone" ? one.key : [],
          ),
        );
        for (const [topic, [seen, version]] of before) {
          const text = topic.slice(topic.indexOf(":") + 1);
          const concerned = touched.some((key) =>
            topic.startsWith("key:") ? key === text : key.startsWith(text),
          );
          assert.equal(woken.has(topic), concerned, `${topic} after ${JSON.stringify(changes)}`);
          const [now, index] = [look(topic), store.version(topic)];
          assert.ok(index >= version, "an index never goes backwards");
          if (seen !== now) assert.ok(woken.has(topic) && index > version);
          if (!concerned) assert.equal(index, version);
        }
        ending.abort();
      }
    }),
    { numRuns: 100 },
  );
});
