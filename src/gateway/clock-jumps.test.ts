import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../kernel/index.ts";
import { clockJumps } from "./clock-jumps.ts";

test("every time the wall clock is set is counted once, however much time passes in between", () => {
  const step = fc.record({
    passMs: fc.nat(86_400_000),
    jumpMs: fc.oneof(fc.constant(0), fc.integer({ min: -1e10, max: 1e10 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const clock = manualClock(1e12);
      let apartMs = 0;
      const jumps = clockJumps({ ...clock, now: () => clock.now(), wall: () => clock.wall() + apartMs });
      let set = 0;
      for (const { passMs, jumpMs } of steps) {
        clock.advance(passMs);
        apartMs += jumpMs;
        if (Math.abs(jumpMs) > 1_000 + passMs / 1_000) set++;
        assert.equal(jumps(), set);
        assert.equal(jumps(), set, "looking again counts nothing");
      }
    }),
  );
});
