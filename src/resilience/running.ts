/** Requests under way on an endpoint, of one thread or of all that share memory. */
export interface Running {
  /** Of all. */
  readonly all: number;
  /** Those that began here. */
  readonly own: number;
  /** Since when somebody is owed an answer and none came to him; the earliest, monotonic. Undefined when none is owed. */
  readonly quietMs: number | undefined;
  /** Since when that is so here; says nothing while no answer is owed here. */
  readonly ownQuietMs: number;
  begin(nowMs: number): void;
  end(): void;
  /** The answer to one has begun, or there will be none. */
  heard(nowMs: number): void;
  /** One is awaited no more, and nothing was heard. */
  abandoned(): void;
}

/** Requests that nobody else sends. */
export function ownRunning(): Running {
  return new OwnRunning();
}

class OwnRunning implements Running {
  own = 0;
  ownQuietMs = 0;
  #awaited = 0;

  get all(): number {
    return this.own;
  }

  get quietMs(): number | undefined {
    return this.#awaited > 0 ? this.ownQuietMs : undefined;
  }

  begin(nowMs: number): void {
    this.own++;
    this.#awaited++;
    if (this.#awaited === 1) this.ownQuietMs = nowMs;
  }

  end(): void {
    this.own--;
  }

  heard(nowMs: number): void {
    this.#awaited--;
    this.ownQuietMs = nowMs;
  }

  abandoned(): void {
    this.#awaited--;
  }
}
