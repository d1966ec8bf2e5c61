/** Lets at most so many in at once. */
export interface ConcurrencyLimit {
  readonly inFlight: number;
  /** Takes a place; false when all are taken. Whoever got one calls `leave` once. */
  tryEnter(): boolean;
  leave(): void;
  /** Changes the limit; those inside stay. */
  resize(max: number): void;
}

/** A bulkhead without a queue: what does not fit is refused at once, while refusing is still cheap. */
export function concurrencyLimit(max: number): ConcurrencyLimit {
  let limit = max;
  let inFlight = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    tryEnter() {
      if (inFlight >= limit) return false;
      inFlight++;
      return true;
    },
    leave: () => void inFlight--,
    resize(next) {
      limit = next;
    },
  };
}
