import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedBytes } from "../../net/index.ts";
import type { Frame } from "./frame.ts";
import { Watcher } from "./watcher.ts";

const shared = (text: string): SharedBytes => new SharedBytes(Buffer.from(text));
const frame = (text: string, index: number): Frame => ({ index, bytes: shared(text) });
const state = (text: string, index: number) => () => ({ frame: frame(text, index), safe: undefined });
/** What its connection hears next, at the pace at which it is asked. */
const text = async (bytes: AsyncIterator<Uint8Array>): Promise<string | undefined> => {
  const { value, done } = await bytes.next();
  return done === true ? undefined : Buffer.from(value).toString();
};

test("frames that came while the first state was made safe follow it, those it holds already do not", async () => {
  const safe = Promise.withResolvers<void>();
  const watcher = new Watcher(() => ({ frame: frame("state", 5), safe: safe.promise }));
  const bytes = watcher.body[Symbol.asyncIterator]();
  const first = text(bytes);
  watcher.offer(frame("old", 5));
  watcher.offer(frame("six ", 6));
  watcher.offer(frame("seven", 7));
  safe.resolve();
  assert.equal(await first, "state");
  assert.deepEqual([await text(bytes), await text(bytes)], ["six ", "seven"]);
});

test("a reader who takes too little hears the whole state instead of what it missed", async () => {
  const states = [state("one", 1), state("two", 99)];
  const watcher = new Watcher(() => (states.shift() ?? assert.fail("asked too often"))());
  const bytes = watcher.body[Symbol.asyncIterator]();
  assert.equal(await text(bytes), "one");
  for (let i = 2; i < 10; i++) watcher.offer(frame("x".repeat(64 * 1024), i));
  watcher.offer(frame("in the state", 99));
  assert.equal(await text(bytes), "two");
  watcher.offer(frame("after", 100));
  assert.equal(await text(bytes), "after");
});

test("a silent stream gives a sign of life, and a connection that takes none is found out", async () => {
  const watcher = new Watcher(state("one", 1));
  const bytes = watcher.body[Symbol.asyncIterator]();
  await text(bytes);
  const next = text(bytes);
  assert.ok(watcher.beat(shared(":")));
  assert.equal(await next, ":");
  assert.deepEqual(
    Array.from({ length: 4 }, () => watcher.beat(shared(":"))),
    [true, true, true, false],
  );
});

test("a stream that is ended is complete, for a reader who waits and for one who comes later", async () => {
  const watcher = new Watcher(state("one", 1));
  const bytes = watcher.body[Symbol.asyncIterator]();
  await text(bytes);
  const waiting = text(bytes);
  watcher.end();
  assert.equal(await waiting, undefined);
  const late = new Watcher(state("one", 1));
  late.end();
  assert.equal(await text(late.body[Symbol.asyncIterator]()), undefined);
});

test("a connection that takes more while a state is made safe does not hear a change before it", async () => {
  const safe = Promise.withResolvers<void>();
  const watcher = new Watcher(() => ({ frame: frame("state", 5), safe: safe.promise }));
  const heard: string[] = [];
  const sink = {
    write({ bytes }: SharedBytes) {
      heard.push(Buffer.from(bytes).toString());
      return true;
    },
    end: () => undefined,
    fail: assert.fail,
  };
  const source = watcher.body.start(sink);
  watcher.offer(frame("six", 6));
  source.onDrain();
  assert.deepEqual(heard, []);
  safe.resolve();
  await safe.promise;
  await Promise.resolve();
  watcher.offer(frame("seven", 7));
  assert.deepEqual(heard, ["state", "six", "seven"]);
});

test("what never becomes safe is never shown", async () => {
  const watcher = new Watcher(() => ({
    frame: frame("unsafe", 1),
    safe: Promise.reject(new Error("the disk is gone")),
  }));
  await assert.rejects(watcher.body[Symbol.asyncIterator]().next(), /the disk is gone/);
});
