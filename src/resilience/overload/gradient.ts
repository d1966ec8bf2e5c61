import type { Clock } from "../../kernel/index.ts";

export interface GradientSettings {
  /** Default 20. */
  readonly minLimit?: number;
  /** Default 1,000. */
  readonly maxLimit?: number;
  /** Where it begins; default 20, the least. */
  readonly initialLimit?: number;
  /** Samples are averaged over this long before the limit moves; default 100. */
  readonly windowMs?: number;
  /** How much slower than usual is still fine; default 1.3. */
  readonly tolerance?: number;
  /** Requests the limit may have queueing at the service; default 4. */
  readonly headroom?: number;
}

/** A limit on concurrency that finds itself. */
export interface AdaptiveLimit {
  readonly limit: number;
  /** Reports one answer that came: how long it took, and how many were under way when it was sent. */
  observe(rttMs: number, inFlight: number): void;
  /** Reports one request that the service dropped or that timed out: the limit is too high. */
  dropped(): void;
}

/** Windows the usual time is averaged over, and the share of a new limit that counts. */
const longWindows = 600;
const smoothing = 0.2;
/** How much slower the usual time learns while the limit binds. */
const loadedLearning = 0.02;

/**
 * Gradient2 (Netflix concurrency-limits): compares the time answers take now with the time they usually take. While
 * they are alike the limit grows by its headroom; as soon as answers take longer than `tolerance` times as usual,
 * requests are queueing somewhere and the limit shrinks.
 *
 * What is usual is learned while the limit does not bind. Under lasting overload the original learns the slow times as
 * the new normal and drifts upward until it limits nothing; here it learns fifty times slower then (decision 0034).
 */
export function gradient(settings: GradientSettings, clock: Clock): AdaptiveLimit {
  const { minLimit = 20, maxLimit = 1_000, windowMs = 100, tolerance = 1.3, headroom = 4 } = settings;
  let limit = settings.initialLimit ?? minLimit;
  let longMs = 0;
  let windows = 0;
  let sumMs = 0;
  let samples = 0;
  let most = 0;
  let drops = 0;
  let endsMs = clock.now() + windowMs;

  const learn = (shortMs: number, bound: boolean): void => {
    windows = Math.min(longWindows, windows + 1);
    // The first windows are averaged plainly: the usual time is known as soon as anything is.
    const share = (1 / windows) * (bound && windows > 10 ? loadedLearning : 1);
    longMs += (shortMs - longMs) * share;
    // The service became twice as fast: what was usual is no more (Gradient2).
    if (longMs > 2 * shortMs) longMs *= 0.95;
  };
  const move = (): void => {
    // A clock may be too coarse to see a fast answer at all.
    const shortMs = Math.max(0.001, sumMs / samples);
    learn(shortMs, most >= Math.floor(limit));
    const slope = Math.max(0.5, Math.min(1, (tolerance * longMs) / shortMs));
    // Without use of what it has there is no sign that more would do.
    if (slope === 1 && drops === 0 && most < limit / 2) return;
    const aim = drops > 0 ? limit * 0.9 : limit * slope + headroom;
    limit = Math.max(minLimit, Math.min(maxLimit, limit * (1 - smoothing) + aim * smoothing));
  };
  const turn = (): void => {
    const now = clock.now();
    if (now < endsMs) return;
    endsMs = now + windowMs;
    if (samples > 0) move();
    else if (drops > 0) limit = Math.max(minLimit, limit * 0.9);
    sumMs = 0;
    samples = 0;
    most = 0;
    drops = 0;
  };

  return {
    get limit() {
      return Math.floor(limit);
    },
    observe(rttMs, inFlight) {
      sumMs += rttMs;
      samples++;
      most = Math.max(most, inFlight);
      turn();
    },
    dropped() {
      drops++;
      turn();
    },
  };
}
