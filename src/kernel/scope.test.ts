import assert from "node:assert/strict";
import { test } from "node:test";
import { aborted, taskScope } from "./index.ts";

function untilAbort(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(aborted(signal));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

const fail = (error: unknown): void => assert.fail(String(error));

test("a failure of background work is heard once", async () => {
  const heard: unknown[] = [];
  const boom = new Error("boom");
  await using scope = taskScope((error) => heard.push(error));
  scope.run(async () => {
    throw boom;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, [boom]);
  assert.equal(scope.signal.aborted, false);
});

test("work that throws before its first await is heard too", async () => {
  const heard: unknown[] = [];
  const scope = taskScope((error) => heard.push(error));
  scope.run(() => {
    throw new Error("at once");
  });
  await new Promise((resolve) => setImmediate(resolve));
  await scope.close();
  assert.equal(heard.length, 1);
});

test("closing ends the work and waits for it, and its ending is no failure", async () => {
  const scope = taskScope(fail);
  const events: string[] = [];
  scope.run(async (signal) => {
    try {
      await untilAbort(signal);
    } finally {
      await Promise.resolve();
      events.push("work ended");
    }
  });
  await scope.close();
  events.push("closed");
  assert.deepEqual(events, ["work ended", "closed"]);
  assert.equal(scope.signal.aborted, true);
});

test("what is owned is disposed in reverse order, after the work has ended", async () => {
  const scope = taskScope(fail);
  const events: string[] = [];
  const owned = scope.own({ [Symbol.asyncDispose]: async () => void events.push("first") });
  scope.own({ [Symbol.dispose]: () => void events.push("second") });
  scope.run(async (signal) => {
    await untilAbort(signal).catch(() => events.push("work"));
  });
  await new Promise((resolve) => setImmediate(resolve));
  await scope.close();
  assert.deepEqual(events, ["work", "second", "first"]);
  assert.equal(typeof owned[Symbol.asyncDispose], "function");
});

test("closing twice is closing once", async () => {
  const scope = taskScope(fail);
  let disposed = 0;
  scope.own({ [Symbol.dispose]: () => void disposed++ });
  await Promise.all([scope.close(), scope.close()]);
  await scope.close();
  assert.equal(disposed, 1);
});

test("the end of the parent ends the scope, with the parent's reason", async () => {
  const parent = new AbortController();
  const scope = taskScope(fail, parent.signal);
  const reason = new Error("shutdown");
  const heard: unknown[] = [];
  scope.run((signal) => untilAbort(signal).catch((error: unknown) => void heard.push(error)));
  await new Promise((resolve) => setImmediate(resolve));
  parent.abort(reason);
  await scope.close();
  assert.equal(scope.signal.reason, reason);
  assert.ok(heard[0] instanceof Error && heard[0].cause === reason);
});

test("under a parent that has ended nothing stays open", async () => {
  const scope = taskScope(fail, AbortSignal.abort("over"));
  assert.equal(scope.signal.aborted, true);
  await scope.close();
});

test("a closed scope no longer listens to its parent", async () => {
  const parent = new AbortController();
  const scope = taskScope(fail, parent.signal);
  await scope.close();
  const own: unknown = scope.signal.reason;
  parent.abort(new Error("late"));
  assert.equal(scope.signal.reason, own);
});

test("await using closes it", async () => {
  let disposed = 0;
  {
    await using scope = taskScope(fail);
    scope.own({ [Symbol.dispose]: () => void disposed++ });
  }
  assert.equal(disposed, 1);
});
