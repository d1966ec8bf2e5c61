/** One verdict of the generic cell rate algorithm. `tatMs` is what the caller keeps for the next one. */
export interface GcraVerdict {
  readonly allowed: boolean;
  /** Theoretical arrival time: when the key is back to a full burst. */
  readonly tatMs: number;
  /** Requests that would be admitted right now, after this one. */
  readonly remaining: number;
  /** How long until the next one would be admitted; 0 when it would be now. */
  readonly retryAfterMs: number;
}

/**
 * ITU-T I.371's virtual scheduling with a burst of `limit`: with T = period / limit, a request is admitted if
 * max(TAT, now) + T − now ≤ period. One number per key is its whole memory.
 *
 * @param tatMs what the last verdict gave; 0 for a key never seen
 */
export function gcra(tatMs: number, limit: number, periodMs: number, now: number): GcraVerdict {
  const spacingMs = periodMs / limit;
  const next = Math.max(tatMs, now) + spacingMs;
  // Adding T a hundred times does not give the period exactly; a millionth of T is below anything that counts.
  const slack = spacingMs * 1e-6;
  const allowed = next - now <= periodMs + slack;
  const kept = allowed ? next : tatMs;
  const room = periodMs - (Math.max(kept, now) - now);
  return {
    allowed,
    tatMs: kept,
    remaining: Math.max(0, Math.floor((room + slack) / spacingMs)),
    retryAfterMs: room + slack >= spacingMs ? 0 : spacingMs - room,
  };
}
