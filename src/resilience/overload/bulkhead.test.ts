import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { type Bulkhead, bulkhead, type Entry, priorities } from "./bulkhead.ts";

function made(limit: number, maxQueued: number, maxWaitMs = 1_000) {
  const clock = manualClock();
  return { clock, gate: bulkhead({ limit: () => limit, maxQueued, maxWaitMs }, clock) };
}

/** What came of entries so far, by name. */
function watched(gate: Bulkhead) {
  const seen: string[] = [];
  const enter = (
    name: string,
    priority: (typeof priorities)[number] = "normal",
    signal?: AbortSignal,
  ): void => {
    const entry = gate.enter(priority, signal);
    if (typeof entry === "string") seen.push(`${name} ${entry}`);
    else void entry.then((late) => seen.push(`${name} ${late}`));
  };
  return { seen, enter, settled: () => new Promise(setImmediate) };
}

test("lets in at once what has room, lets the rest wait, and refuses past the queue", async () => {
  const { gate } = made(1, 1);
  const { seen, enter, settled } = watched(gate);
  enter("a");
  enter("b");
  enter("c");
  assert.deepEqual(seen, ["a entered", "c full"]);
  assert.equal(gate.queued, 1);
  gate.leave();
  await settled();
  assert.deepEqual(seen, ["a entered", "c full", "b entered"]);
  assert.equal(gate.inFlight, 1);
});

test("waits no longer than it may, and leaves no timer behind", async () => {
  const { gate, clock } = made(1, 5, 200);
  const { seen, enter, settled } = watched(gate);
  enter("a");
  enter("b");
  clock.advance(200);
  await settled();
  assert.deepEqual(seen, ["a entered", "b waited"]);
  assert.equal(gate.queued, 0);
  assert.equal(clock.pending, 0);
});

test("who has little time left waits no longer than that", async () => {
  const { gate, clock } = made(1, 5, 200);
  gate.enter("normal");
  const entry = gate.enter("normal", undefined, 50);
  clock.advance(50);
  assert.equal(await entry, "waited");
  assert.deepEqual([gate.queued, clock.pending], [0, 0]);
});

test("who goes away while waiting gives up the place in the queue", async () => {
  const { gate, clock } = made(1, 5);
  const { seen, enter, settled } = watched(gate);
  const gone = new AbortController();
  enter("a");
  enter("b", "normal", gone.signal);
  gone.abort();
  await settled();
  assert.deepEqual(seen, ["a entered", "b aborted"]);
  assert.deepEqual([gate.queued, clock.pending], [0, 0]);
  assert.equal(gate.enter("normal", gone.signal), "aborted", "who is gone already does not wait at all");
});

test("higher priority goes first and takes the place of the latest of the lowest", async () => {
  const { gate } = made(1, 2);
  const { seen, enter, settled } = watched(gate);
  enter("running");
  enter("low 1", "low");
  enter("low 2", "low");
  enter("high", "high");
  enter("low 3", "low");
  await settled();
  assert.deepEqual(seen, ["running entered", "low 3 full", "low 2 full"]);
  gate.leave();
  await settled();
  gate.leave();
  await settled();
  assert.deepEqual(seen.slice(3), ["high entered", "low 1 entered"]);
});

test("a limit that grows lets the waiting in", async () => {
  let limit = 1;
  const gate = bulkhead({ limit: () => limit, maxQueued: 5, maxWaitMs: 1_000 }, manualClock());
  const { seen, enter, settled } = watched(gate);
  for (const name of ["a", "b", "c"]) enter(name);
  limit = 3;
  enter("d");
  await settled();
  assert.deepEqual(seen, ["a entered", "b entered", "c entered"]);
});

test("never more than the limit runs nor more than the queue waits, and everybody hears exactly once", async () => {
  const action = fc.oneof(
    fc.constantFrom(...priorities).map((priority) => ({ kind: "enter" as const, priority })),
    fc.constant({ kind: "leave" as const }),
    fc.nat(300).map((ms) => ({ kind: "advance" as const, ms })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(4),
      async (actions, limit, maxQueued) => {
        const { gate, clock } = made(limit, maxQueued, 250);
        const heard: Entry[] = [];
        let asked = 0;
        for (const one of actions) {
          if (one.kind === "advance") clock.advance(one.ms);
          if (one.kind === "leave" && gate.inFlight > 0) gate.leave();
          if (one.kind === "enter") {
            asked++;
            const entry = gate.enter(one.priority);
            if (typeof entry === "string") heard.push(entry);
            else void entry.then((late) => heard.push(late));
          }
          assert.ok(gate.inFlight <= limit && gate.queued <= maxQueued);
        }
        clock.advance(250);
        await new Promise(setImmediate);
        assert.equal(heard.length, asked);
        assert.deepEqual([gate.queued, clock.pending], [0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});
