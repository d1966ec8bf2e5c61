import type { Random } from "../../kernel/index.ts";

export interface BackoffSettings {
  /** Upper end of the first wait; default 25. */
  readonly baseMs?: number;
  /** Upper end of every wait; default ten times the base. */
  readonly capMs?: number;
}

/** Milliseconds to wait before repeat number `attempt`, counted from 1. */
export type Backoff = (attempt: number) => number;

/**
 * Full jitter: uniform between 0 and `base × 2^(attempt−1)`, at most the cap. Spreading over the whole interval
 * keeps clients that failed together from coming back together.
 *
 * @example backoff({ baseMs: 25 }, random)(1) // 0–25
 */
export function backoff(settings: BackoffSettings, random: Random): Backoff {
  const baseMs = settings.baseMs ?? 25;
  const capMs = settings.capMs ?? baseMs * 10;
  return (attempt) => random.next() * Math.min(capMs, baseMs * 2 ** Math.min(Math.max(0, attempt - 1), 30));
}
