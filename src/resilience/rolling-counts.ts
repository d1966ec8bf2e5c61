/** Two exact counters over the last `windowMs`, kept in buckets that expire one by one. */
export interface RollingCounts {
  /** Adds to one of the two counters at monotonic time `now`. */
  add(counter: 0 | 1, now: number): void;
  /** What a counter has seen in the window that ends at `now`. */
  sum(counter: 0 | 1, now: number): number;
  /** Forgets everything. */
  reset(): void;
}

/**
 * Exact counts are chosen over a moving average because an average by time gives a burst too little weight.
 * The window is at most one bucket shorter than written, and never longer.
 *
 * @param buckets default 10
 */
export function rollingCounts(windowMs: number, buckets: number = 10): RollingCounts {
  const widthMs = windowMs / buckets;
  const counts = new Float64Array(buckets * 2);
  let newest = 0;

  const turnTo = (now: number): void => {
    const tick = Math.floor(now / widthMs);
    if (tick <= newest) return;
    if (tick - newest >= buckets) counts.fill(0);
    else for (let t = newest + 1; t <= tick; t++) counts.fill(0, (t % buckets) * 2, (t % buckets) * 2 + 2);
    newest = tick;
  };

  return {
    add(counter, now) {
      turnTo(now);
      const at = (newest % buckets) * 2 + counter;
      counts[at] = (counts[at] ?? 0) + 1;
    },
    sum(counter, now) {
      turnTo(now);
      let total = 0;
      for (let at = counter; at < counts.length; at += 2) total += counts[at] ?? 0;
      return total;
    },
    reset: () => void counts.fill(0),
  };
}
