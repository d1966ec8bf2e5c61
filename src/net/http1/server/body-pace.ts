/** How long a pace is looked at before it counts, which is also its grace. */
const windowMs = 10_000;

/** How fast a request's body comes, over the time in which somebody waited for it: a reader may take its time. */
export class BodyPace {
  #bytes = 0;
  #waitedMs = 0;
  /** Since when somebody waits; undefined while nobody does. */
  #sinceMs: number | undefined;

  /** A body begins. */
  reset(): void {
    this.#bytes = 0;
    this.#waitedMs = 0;
    this.#sinceMs = undefined;
  }

  took(bytes: number): void {
    this.#bytes += bytes;
  }

  waits(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  holds(nowMs: number): void {
    if (this.#sinceMs !== undefined) this.#waitedMs += nowMs - this.#sinceMs;
    this.#sinceMs = undefined;
  }

  /** True when less than `bytesPerSecond` came while somebody waited for ten seconds; then a new ten seconds begin. */
  tooSlow(nowMs: number, bytesPerSecond: number): boolean {
    const waiting = this.#sinceMs !== undefined;
    this.holds(nowMs);
    if (waiting) this.waits(nowMs);
    if (this.#waitedMs < windowMs) return false;
    const slow = this.#bytes < (bytesPerSecond * this.#waitedMs) / 1_000;
    this.#bytes = 0;
    this.#waitedMs = 0;
    return slow;
  }
}
