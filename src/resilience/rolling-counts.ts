/** Two exact counters over the last `windowMs`, kept in buckets that expire one by one. */
export interface RollingCounts {
  /** Adds to one of the two counters at monotonic time `now`. */
  add(counter: 0 | 1, now: number): void;
  /** What a counter has seen in the window that ends at `now`. */
  sum(counter: 0 | 1, now: number): number;
  /** Forgets everything. */
  reset(): void;
}

/** Numbers that so many buckets take: two counts each, the newest tick, and the place of its bucket. */
export const rollingCells = (buckets: number = usualBuckets): number => 2 * buckets + 2;

const usualBuckets = 10;

/**
 * Exact counts are chosen over a moving average because an average by time gives a burst too little weight.
 * The window is at most one bucket shorter than written, and never longer.
 *
 * @param buckets default 10
 * @param cells where they are kept, `rollingCells(buckets)` numbers that begin at 0
 */
export function rollingCounts(
  windowMs: number,
  buckets: number = usualBuckets,
  cells: Float64Array = new Float64Array(rollingCells(buckets)),
): RollingCounts {
  const widthMs = windowMs / buckets;
  const newestAt = 2 * buckets;
  const placeAt = newestAt + 1;

  /** Place of the bucket that holds `now`, or of the newest one if that is later. */
  const turnTo = (now: number): number => {
    const tick = Math.floor(now / widthMs);
    const newest = cells[newestAt] ?? 0;
    if (tick <= newest) return cells[placeAt] ?? 0;
    if (tick - newest >= buckets) cells.fill(0, 0, newestAt);
    else for (let t = newest + 1; t <= tick; t++) cells.fill(0, (t % buckets) * 2, (t % buckets) * 2 + 2);
    cells[newestAt] = tick;
    // Kept, because a division of such numbers is dear.
    cells[placeAt] = (tick % buckets) * 2;
    return cells[placeAt] ?? 0;
  };

  return {
    add(counter, now) {
      const at = turnTo(now) + counter;
      cells[at] = (cells[at] ?? 0) + 1;
    },
    sum(counter, now) {
      turnTo(now);
      let total = 0;
      for (let at = counter; at < newestAt; at += 2) total += cells[at] ?? 0;
      return total;
    },
    reset: () => void cells.fill(0, 0, newestAt),
  };
}
