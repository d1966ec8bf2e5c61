import assert from "node:assert/strict";
import { test } from "node:test";
import { Watcher } from "./watcher.ts";

const state = (text: string, index: number) => () => ({
  frame: { index, bytes: Buffer.from(text) },
  safe: undefined,
});
const text = async (bytes: AsyncGenerator<Uint8Array>): Promise<string | undefined> => {
  const { value, done } = await bytes.next();
  return done === true ? undefined : Buffer.from(value).toString();
};

test("frames that came while the first state was made safe follow it, those it holds already do not", async () => {
  const safe = Promise.withResolvers<void>();
  const frame = { index: 5, bytes: Buffer.from("state") };
  const watcher = new Watcher(() => ({ frame, safe: safe.promise }));
  const bytes = watcher.bytes();
  const first = text(bytes);
  watcher.offer({ index: 5, bytes: Buffer.from("old") });
  watcher.offer({ index: 6, bytes: Buffer.from("six ") });
  watcher.offer({ index: 7, bytes: Buffer.from("seven") });
  safe.resolve();
  assert.equal(await first, "state");
  assert.equal(await text(bytes), "six seven");
});

test("a reader who takes too little hears the whole state instead of what it missed", async () => {
  const states = [state("one", 1), state("two", 99)];
  const watcher = new Watcher(() => (states.shift() ?? assert.fail("asked too often"))());
  const bytes = watcher.bytes();
  assert.equal(await text(bytes), "one");
  for (let i = 2; i < 10; i++) watcher.offer({ index: i, bytes: Buffer.alloc(64 * 1024) });
  watcher.offer({ index: 99, bytes: Buffer.from("in the state") });
  assert.equal(await text(bytes), "two");
  watcher.offer({ index: 100, bytes: Buffer.from("after") });
  assert.equal(await text(bytes), "after");
});

test("a silent stream gives a sign of life, and a connection that takes none is found out", async () => {
  const watcher = new Watcher(state("one", 1));
  const bytes = watcher.bytes();
  await text(bytes);
  const next = text(bytes);
  assert.ok(watcher.beat(Buffer.from(":")));
  assert.equal(await next, ":");
  assert.deepEqual(
    Array.from({ length: 4 }, () => watcher.beat(Buffer.from(":"))),
    [true, true, true, false],
  );
});

test("a stream that is ended is complete, for a reader who waits and for one who comes later", async () => {
  const watcher = new Watcher(state("one", 1));
  const bytes = watcher.bytes();
  await text(bytes);
  const waiting = text(bytes);
  watcher.end();
  assert.equal(await waiting, undefined);
  const late = new Watcher(state("one", 1));
  late.end();
  assert.equal(await text(late.bytes()), undefined);
});

test("what never becomes safe is never shown", async () => {
  const watcher = new Watcher(() => ({
    frame: { index: 1, bytes: Buffer.from("unsafe") },
    safe: Promise.reject(new Error("the disk is gone")),
  }));
  await assert.rejects(watcher.bytes().next(), /the disk is gone/);
});
