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
  const states = new ByLastUse(settings.maxKeys ?? 100_000);
  return {
    settings,
    get keys() {
      return states.size;
    },
    get forgotten() {
      return states.forgotten;
    },
    check(key) {
      const now = clock.now();
      const state = states.touch(key, now);
      if (now - state.anchorMs >= windowMs) {
        state.anchorMs = now;
        state.used = 0;
      }
      return decide(state, limit, windowMs, now);
    },
  };
}

/** A key among the others, in the order of their last use. */
interface Linked extends KeyState {
  readonly key: string;
  older: Linked | undefined;
  younger: Linked | undefined;
}

/**
 * What is known of each key; past `max` the one unused for longest is forgotten. The order is kept in links: that of a Map
 * costs more with every key that was deleted at its old end, so that a billion keys would have every request search.
 */
class ByLastUse {
  forgotten = 0;
  readonly #max: number;
  readonly #states = new Map<string, Linked>();
  #oldest: Linked | undefined;
  #youngest: Linked | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#states.size;
  }

  /** The state of a key, which is the youngest from now on. */
  touch(key: string, now: number): KeyState {
    const known = this.#states.get(key);
    if (known !== undefined && known === this.#youngest) return known;
    if (known !== undefined) this.#unlink(known);
    const state = known ?? { key, tatMs: 0, anchorMs: now, used: 0, older: undefined, younger: undefined };
    if (known === undefined) this.#states.set(key, state);
    this.#append(state);
    if (this.#states.size > this.#max) this.#forget();
    return state;
  }

  #append(state: Linked): void {
    state.older = this.#youngest;
    state.younger = undefined;
    if (this.#youngest === undefined) this.#oldest = state;
    else this.#youngest.younger = state;
    this.#youngest = state;
  }

  #unlink({ older, younger }: Linked): void {
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
  }

  #forget(): void {
    const oldest = this.#oldest;
    if (oldest === undefined) return;
    this.#unlink(oldest);
    this.#states.delete(oldest.key);
    this.forgotten++;
  }
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
