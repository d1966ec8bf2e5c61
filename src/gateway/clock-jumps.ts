import type { Clock } from "../kernel/index.ts";

/** Less is what clocks differ by, and what slewing makes of it: up to 500 ppm are usual, twice that is allowed for. */
const leastMs = 1_000;
const drift = 0.001;

/**
 * Counts how often the wall clock was set, by looking at how far it and the clock that only goes forward have moved
 * apart since the last look. Nothing of the gateway goes by it but what others wrote by theirs: the end of a token, the
 * date in a `Retry-After`.
 *
 * @returns looks, and gives the jumps seen since the start
 */
export function clockJumps(clock: Clock): () => number {
  let seenMs = clock.now();
  let apartMs = clock.wall() - seenMs;
  let jumps = 0;
  return () => {
    const now = clock.now();
    const apart = clock.wall() - now;
    if (Math.abs(apart - apartMs) > leastMs + drift * (now - seenMs)) jumps++;
    seenMs = now;
    apartMs = apart;
    return jumps;
  };
}
