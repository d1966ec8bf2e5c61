import type { Clock } from "../kernel/index.ts";
import { gcra } from "./gcra.ts";

export interface RateLimitSettings {
  /** Requests per window and key. */
  readonly limit: number;
  readonly windowMs: number;
  /** Keys remembered; past it the one unused for longest is forgotten. Default 100,000. */
  readonly maxKeys?: number;
}

export interface RateDecision {
  readonly allowed: boolean;
  readonly limit: number;
  /** Requests this key may still send now. */
  readonly remaining: number;
  /** When `remaining` no longer holds: the window ends or, refused, the next request is admitted; from now. */
  readonly resetMs: number;
  /** 0 when allowed; else how long to wait. */
  readonly retryAfterMs: number;
}

/** Admits so many requests per key and window. */
export interface RateLimit {
  readonly settings: RateLimitSettings;
  check(key: string): RateDecision;
  readonly keys: number;
  /** Keys forgotten to make room, since the start: each of them began afresh. */
  readonly forgotten: number;
}

/** What is known of one key. */
export interface KeyState {
  tatMs: number;
  /** Start of the window the quota counts in: the first request after the last window ended. */
  anchorMs: number;
  used: number;
}

/**
 * A rate limit that is exact over the window as written. GCRA alone gives a slow sender more than `limit` in a
 * window, because it refills all the time; a counter per window alone lets two bursts meet at its edge. So both
 * must agree: GCRA paces, a quota anchored at the key's first request counts (decision 0003).
 *
 * @example rateLimit({ limit: 100, windowMs: 60_000 }, clock).check("192.0.2.1").allowed
 */
export function rateLimit(settings: RateLimitSettings, clock: Clock): RateLimit {
  const { limit, windowMs } = settings;
  const maxKeys = settings.maxKeys ?? 100_000;
  const states = new Map<string, KeyState>();
  let forgotten = 0;
  let youngest: string | undefined;

  /** The state of a key, moved to the young end: a Map keeps the order of insertion. */
  const touch = (key: string, now: number): KeyState => {
    const known = states.get(key);
    if (known !== undefined && key === youngest) return known;
    youngest = key;
    if (known !== undefined) states.delete(key);
    const state = known ?? { tatMs: 0, anchorMs: now, used: 0 };
    states.set(key, state);
    if (states.size > maxKeys) {
      const [oldest] = states.keys();
      if (oldest !== undefined) states.delete(oldest);
      forgotten++;
    }
    return state;
  };

  return {
    settings,
    get keys() {
      return states.size;
    },
    get forgotten() {
      return forgotten;
    },
    check(key) {
      const now = clock.now();
      const state = touch(key, now);
      if (now - state.anchorMs >= windowMs) {
        state.anchorMs = now;
        state.used = 0;
      }
      return decide(state, limit, windowMs, now);
    },
  };
}

/** One decision, written back into `state`. */
export function decide(state: KeyState, limit: number, windowMs: number, now: number): RateDecision {
  const windowLeftMs = state.anchorMs + windowMs - now;
  const pace = gcra(state.tatMs, limit, windowMs, now);
  const paceMs = pace.allowed ? 0 : pace.retryAfterMs;
  if (state.used >= limit) return refused(limit, Math.max(windowLeftMs, paceMs));
  if (!pace.allowed) return refused(limit, paceMs);
  state.tatMs = pace.tatMs;
  state.used++;
  const remaining = Math.min(pace.remaining, limit - state.used);
  return { allowed: true, limit, remaining, resetMs: windowLeftMs, retryAfterMs: 0 };
}

function refused(limit: number, waitMs: number): RateDecision {
  return { allowed: false, limit, remaining: 0, resetMs: waitMs, retryAfterMs: waitMs };
}
