import type { Clock } from "../../kernel/index.ts";

/** A quantile of times seen lately. */
export interface LiveQuantile {
  observe(ms: number): void;
  /** Undefined while too few were seen to say. */
  value(): number | undefined;
}

/** Buckets a factor of 2^(1/8) apart, from 1/16 ms on: a quantile is right to 9 %, up to an hour. */
const perDoubling = 8;
const buckets = 26 * perDoubling;
const fewest = 20;

/**
 * The `q` quantile over the last one to two windows, in 208 counters. It is worked out anew every three seconds, as a
 * quantile on the path of every request must cost nothing.
 *
 * @param windowMs default 30,000
 */
export function liveQuantile(q: number, clock: Clock, windowMs = 30_000): LiveQuantile {
  const counts = [new Uint32Array(buckets), new Uint32Array(buckets)] as const;
  let young: 0 | 1 = 0;
  let turnMs = clock.now() + windowMs;
  let freshMs = Number.NEGATIVE_INFINITY;
  let known: number | undefined;

  const work = (): number | undefined => {
    const [a, b] = counts;
    let total = 0;
    for (let i = 0; i < buckets; i++) total += (a[i] ?? 0) + (b[i] ?? 0);
    if (total < fewest) return undefined;
    let left = q * total;
    for (let i = 0; i < buckets; i++) {
      left -= (a[i] ?? 0) + (b[i] ?? 0);
      if (left <= 0) return upperEnd(i);
    }
    return upperEnd(buckets - 1);
  };

  return {
    observe(ms) {
      const now = clock.now();
      if (now >= turnMs) {
        young = young === 0 ? 1 : 0;
        counts[young].fill(0);
        // Nothing came for two windows: what the other one holds is old too.
        if (now >= turnMs + windowMs) counts[young === 0 ? 1 : 0].fill(0);
        turnMs = now + windowMs;
      }
      const at = bucketOf(ms);
      counts[young][at] = (counts[young][at] ?? 0) + 1;
    },
    value() {
      const now = clock.now();
      if (known === undefined || now >= freshMs) {
        known = work();
        freshMs = now + 3_000;
      }
      return known;
    },
  };
}

function bucketOf(ms: number): number {
  const at = Math.ceil((Math.log2(Math.max(ms, 1 / 16)) + 4) * perDoubling);
  return Math.min(buckets - 1, Math.max(0, at));
}

function upperEnd(bucket: number): number {
  return 2 ** (bucket / perDoubling - 4);
}
