import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type KeyOp,
  type KeyResult,
  keyModel,
  type LockOp,
  type LockResult,
  linearizable,
  lockModel,
  type Operation,
} from "./support/linearizable.ts";

type On<Op, Result> = Operation<Op, Result>;

/** Called at `from`, answered at `to`. */
function did<Op, Result>(from: number, to: number, op: Op, result: Result): On<Op, Result> {
  return { op, calledAt: from, returned: { at: to, result } };
}

const write = (from: number, to: number, value: string) =>
  did<KeyOp, KeyResult>(from, to, { kind: "write", value }, "ok");
const read = (from: number, to: number, value: string) =>
  did<KeyOp, KeyResult>(from, to, { kind: "read" }, value);
const cas = (from: number, to: number, over: string, value: string, won: boolean) =>
  did<KeyOp, KeyResult>(from, to, { kind: "cas", over, value }, won);
const unheardWrite = (from: number, value: string): On<KeyOp, KeyResult> => ({
  op: { kind: "write", value },
  calledAt: from,
});
const ofKey = (...history: On<KeyOp, KeyResult>[]): boolean => linearizable(keyModel(""), history);

test("a read sees the last write before it", () => {
  assert.equal(ofKey(write(1, 2, "a"), read(3, 4, "a")), true);
  assert.equal(ofKey(write(1, 2, "a"), read(3, 4, "")), false, "a lost write");
  assert.equal(ofKey(write(1, 2, "a"), write(3, 4, "b"), read(5, 6, "a")), false, "a stale read");
  assert.equal(ofKey(read(1, 2, "a"), write(3, 4, "a")), false, "a read from the future");
});

test("operations that overlap may have happened in either order, and all readers see the same one", () => {
  assert.equal(ofKey(write(1, 5, "a"), write(2, 6, "b"), read(7, 8, "a")), true);
  assert.equal(ofKey(write(1, 5, "a"), write(2, 6, "b"), read(7, 8, "b")), true);
  assert.equal(ofKey(write(1, 5, "a"), write(2, 6, "b"), read(7, 8, "a"), read(9, 10, "b")), false);
});

test("a write nobody heard of may have happened, may happen yet, or never, but not be taken back", () => {
  assert.equal(ofKey(unheardWrite(1, "a"), read(2, 3, "a")), true);
  assert.equal(ofKey(unheardWrite(1, "a"), read(2, 3, "")), true);
  assert.equal(ofKey(unheardWrite(1, "a"), read(2, 3, ""), read(4, 5, "a")), true);
  assert.equal(ofKey(unheardWrite(1, "a"), read(2, 3, "a"), read(4, 5, "")), false);
});

test("no two check-and-sets win over the same version", () => {
  assert.equal(ofKey(cas(1, 4, "", "a", true), cas(2, 5, "", "b", false), read(6, 7, "a")), true);
  assert.equal(ofKey(cas(1, 4, "", "a", true), cas(2, 5, "", "b", true)), false);
  assert.equal(ofKey(cas(1, 2, "", "a", false)), false, "one that had to win was refused");
});

test("a lock has one holder, and only its holder lets go of it", () => {
  const lock = (from: number, to: number, op: LockOp, result: LockResult) => did(from, to, op, result);
  const take = (session: string): LockOp => ({ kind: "acquire", session });
  const leave = (session: string): LockOp => ({ kind: "release", session });
  const ofLock = (...history: On<LockOp, LockResult>[]): boolean => linearizable(lockModel(""), history);
  assert.equal(ofLock(lock(1, 2, take("s"), true), lock(3, 4, take("t"), false)), true);
  assert.equal(ofLock(lock(1, 2, take("s"), true), lock(3, 4, take("t"), true)), false, "held twice");
  assert.equal(ofLock(lock(1, 2, take("s"), true), lock(3, 4, leave("t"), true)), false);
  assert.equal(
    ofLock(lock(1, 2, take("s"), true), lock(3, 4, leave("s"), true), lock(5, 6, take("t"), true)),
    true,
  );
  assert.equal(ofLock(lock(1, 2, take("s"), true), lock(3, 4, { kind: "read" }, "")), false, "lost");
});

/** What a key that works answers to operations called in this order, each taking a while. */
function recorded(steps: readonly { what: number; over: number; takes: number }[]): On<KeyOp, KeyResult>[] {
  let state = "";
  const values = [""];
  return steps.map(({ what, over, takes }, n): On<KeyOp, KeyResult> => {
    const value = `v${n}`;
    const wanted = values[over % values.length] ?? "";
    // It happens at 10 n; it was called some time before, and answered some time after.
    const [from, to] = [n * 10 - takes, n * 10 + takes];
    if (what === 0) return read(from, to, state);
    if (what === 1) {
      state = value;
      values.push(value);
      return write(from, to, value);
    }
    const won = state === wanted;
    if (won) state = value;
    values.push(value);
    return cas(from, to, wanted, value, won);
  });
}

const steps = fc.array(
  fc.record({
    what: fc.integer({ min: 0, max: 2 }),
    over: fc.nat({ max: 20 }),
    takes: fc.integer({ min: 1, max: 25 }),
  }),
  { minLength: 2, maxLength: 25 },
);

test("whatever a key that works answers is accepted, also when some answers were never heard", () => {
  fc.assert(
    fc.property(steps, fc.array(fc.nat({ max: 24 })), (list, lost) => {
      const history = recorded(list).map((one, n) =>
        lost.includes(n) ? { op: one.op, calledAt: one.calledAt } : one,
      );
      return linearizable(keyModel(""), history);
    }),
  );
});

test("a last read of what was overwritten before it is always refused", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const history = recorded(list);
      const end = list.length * 10 + 100;
      return !linearizable(keyModel(""), [
        ...history,
        write(end, end + 1, "last"),
        read(end + 2, end + 3, history.length === 0 ? "" : "v0"),
      ]);
    }),
  );
});
