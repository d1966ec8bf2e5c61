/** Counts the places that are taken, of one thread or of all that share memory. */
export interface Places {
  /** By all. */
  readonly taken: number;
  /** Takes one while fewer than `limit` are taken. Whoever got one calls `give` once. */
  tryTake(limit: number): boolean;
  give(): void;
  /** Calls `freed` whenever somebody else may have given one back, until it is disposed; never before it returns. */
  watch(freed: () => void): Disposable;
}

/** Places that nobody else takes. */
export function ownPlaces(): Places {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    tryTake(limit) {
      if (taken >= limit) return false;
      taken++;
      return true;
    },
    give: () => void taken--,
    watch: () => nobodyElse,
  };
}

const nobodyElse: Disposable = { [Symbol.dispose]: () => {} };
