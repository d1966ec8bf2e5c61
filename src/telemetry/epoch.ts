import type { Clock } from "../kernel/index.ts";

/** How long one anchor holds: long enough to settle, short enough that a stepped wall clock is followed. */
const anchorMs = 30_000;

/** The wall clock is not asked again before: no fraction of its millisecond is met over and over. */
const pauseMs = 0.29;

/** Monotonic readings as microseconds since the Unix epoch. */
export interface Epoch {
  /** @param nowMs what `clock.now()` says now */
  toUs(nowMs: number): number;
}

/**
 * Wall time with the resolution of the monotonic clock. `clock.wall()` is cut to whole milliseconds, so a single
 * reading is up to one millisecond late; the largest difference between the two clocks is the least late one.
 * Without this, spans of two processes on one machine would start before their parents.
 */
export function epochOf(clock: Clock): Epoch {
  let anchoredAt = Number.NEGATIVE_INFINITY;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let origin = 0;
  return {
    toUs(nowMs) {
      if (nowMs - lookedAt < pauseMs) return Math.round((origin + nowMs) * 1000);
      lookedAt = nowMs;
      const seen = clock.wall() - nowMs;
      if (nowMs - anchoredAt > anchorMs) {
        anchoredAt = nowMs;
        // A fresh anchor may be a millisecond late again; keep the settled one unless the wall clock was moved.
        if (Math.abs(seen - origin) > 2 || seen > origin) origin = seen;
      } else if (seen > origin) origin = seen;
      return Math.round((origin + nowMs) * 1000);
    },
  };
}
