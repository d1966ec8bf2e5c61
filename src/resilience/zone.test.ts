import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../kernel/index.ts";
import { peakEwma } from "./load.ts";
import { slowStart } from "./slow-start.ts";
import { nearest, type Zoned } from "./zone.ts";

function member(id: string, zone: string | undefined, inFlight = 0): Zoned {
  const load = peakEwma({}, manualClock());
  for (let i = 0; i < inFlight; i++) load.begin();
  return { id, zone, weight: 1, load };
}

test("traffic stays in its zone", () => {
  const [a, b, c] = [member("a", "x"), member("b", "x"), member("c", "y")];
  assert.deepEqual(nearest([a, b, c], "x"), [a, b]);
});

test("traffic leaves a zone that has nobody, or is twice as busy as the others", () => {
  const far = [member("b", "y", 1), member("c", undefined, 1)];
  assert.equal(nearest(far, "x"), far);
  const busy = [member("a", "x", 3), ...far];
  assert.deepEqual(nearest(busy, "x"), [busy[0]], "exactly twice is still carried");
  const busier = [member("a", "x", 4), ...far];
  assert.equal(nearest(busier, "x"), busier);
});

test("a newcomer takes a tenth at first and all of its share at the end of the window", () => {
  assert.equal(slowStart(0, 10_000), 0.1);
  assert.equal(slowStart(5_000, 10_000), 0.5);
  assert.equal(slowStart(10_000, 10_000), 1);
  assert.equal(slowStart(0, 0), 1);
});

test("whatever the zones and loads, some of the live ones are given: all of them, or just those who are near", () => {
  const one = fc.record({ zone: fc.constantFrom("x", "y", undefined), inFlight: fc.nat(8) });
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 10 }), (shapes) => {
      const live = shapes.map(({ zone, inFlight }, i) => member(`e${i}`, zone, inFlight));
      const near = live.filter(({ zone }) => zone === "x");
      const given = nearest(live, "x");
      assert.ok(given.length > 0);
      if (given !== live) assert.deepEqual(given, near);
      // Idle, nobody leaves a zone that has somebody.
      const idle = live.map(({ id, zone }) => member(id, zone));
      const stays = idle.filter(({ zone }) => zone === "x");
      if (stays.length > 0) assert.deepEqual(nearest(idle, "x"), stays);
    }),
  );
});

test("a share never shrinks with age, is a tenth at least, and the whole from the end of the window on", () => {
  const ms = fc.nat(100_000);
  fc.assert(
    fc.property(ms, ms, fc.integer({ min: 1, max: 60_000 }), (one, other, windowMs) => {
      const [young, old] = [Math.min(one, other), Math.max(one, other)];
      assert.ok(slowStart(young, windowMs) <= slowStart(old, windowMs));
      assert.ok(slowStart(young, windowMs) >= 0.1);
      assert.equal(slowStart(windowMs + young, windowMs), 1);
    }),
  );
});
