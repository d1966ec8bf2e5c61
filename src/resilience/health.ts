/** When checks change one's mind about an endpoint. */
export interface HealthSettings {
  /** Failed checks in a row that take it out; default 2. */
  readonly downAfter?: number | undefined;
  /** Passed checks in a row that bring it back; default 2. */
  readonly upAfter?: number | undefined;
}

/** What active checks say of one endpoint. */
export interface Health {
  readonly up: boolean;
  /** Reports a check; true when it changed `up`. */
  report(passed: boolean): boolean;
}

/** An endpoint is up until checks say otherwise: it was registered as passing, and somebody must be asked first. */
export function health(settings: HealthSettings = {}): Health {
  const { downAfter = 2, upAfter = 2 } = settings;
  let up = true;
  let against = 0;
  return {
    get up() {
      return up;
    },
    report(passed) {
      if (passed === up) {
        against = 0;
        return false;
      }
      against++;
      if (against < (up ? downAfter : upAfter)) return false;
      up = passed;
      against = 0;
      return true;
    },
  };
}

/** The wait before the next check: the interval ±10 %, so that many checkers do not ask together. */
export function checkPace(intervalMs: number, chance: number): number {
  return intervalMs * (0.9 + 0.2 * chance);
}
