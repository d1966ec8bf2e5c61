import type { Clock } from "../kernel/index.ts";

/** How busy and how slow one endpoint is. State: it outlives endpoint sets. */
export interface Load {
  /** Requests running on it, of all who share the count. */
  readonly inFlight: number;
  /** Those that began here. */
  readonly ownInFlight: number;
  /** Expected cost of one more request, in milliseconds of waiting; lower is better. */
  cost(): number;
  /** @param nowMs for whoever has asked the clock already */
  begin(nowMs?: number): void;
  end(): void;
  /** The answer to a running request has begun, or there will be none. */
  heard(nowMs?: number): void;
  /** The request was given up before its answer: that would have taken at least as long as nothing came. */
  abandon(): void;
  /** Reports the time from request to head of the answer. */
  observe(rttMs: number): void;
  /** Forgets what was observed: the endpoint recovered and its failures say nothing any more. */
  reset(): void;
}

export interface LoadSettings {
  /** Time constant of forgetting; default 10,000. */
  readonly decayMs?: number;
  /** Assumed cost of a running request while nothing was observed yet, and most a first one counts; default 30. */
  readonly seedRttMs?: number;
}

/** Counts the requests running on an endpoint, of one thread or of all that share memory. */
export interface Running {
  /** Of all. */
  readonly all: number;
  readonly own: number;
  add(by: 1 | -1): void;
}

/** Requests that nobody else sends. */
export function ownRunning(): Running {
  let own = 0;
  return {
    get all() {
      return own;
    },
    get own() {
      return own;
    },
    add(by) {
      own += by;
    },
  };
}

/**
 * Peak EWMA (Finagle): a slower answer counts at once and in full, faster ones bring the cost down over `decayMs`.
 * An endpoint without history is asked at once, by one request.
 *
 * An answer that is awaited takes at least as long as nothing has come: an endpoint that stopped answering is known by its
 * silence, and not only when its first answer is there, seconds later.
 */
export function peakEwma(settings: LoadSettings, clock: Clock, running: Running = ownRunning()): Load {
  const decayMs = settings.decayMs ?? 10_000;
  const seedRttMs = settings.seedRttMs ?? 30;
  let costMs: number | undefined;
  let stampMs = 0;
  /** Requests whose answer has not begun. */
  let awaited = 0;
  /** Since when one is awaited and none came. */
  let quietMs = 0;

  const decayed = (): number => (costMs ?? 0) * Math.exp(-(clock.now() - stampMs) / decayMs);

  return {
    get inFlight() {
      return running.all;
    },
    get ownInFlight() {
      return running.own;
    },
    cost() {
      const inFlight = running.all;
      const usual = costMs !== undefined ? decayed() : inFlight === 0 ? 0 : seedRttMs;
      return (awaited === 0 ? usual : Math.max(usual, clock.now() - quietMs)) * (inFlight + 1);
    },
    begin(nowMs = clock.now()) {
      running.add(1);
      awaited++;
      if (awaited === 1) quietMs = nowMs;
    },
    end: () => running.add(-1),
    heard(nowMs = clock.now()) {
      awaited--;
      quietMs = nowMs;
    },
    abandon() {
      awaited--;
      const now = clock.now();
      if (costMs === undefined || now - quietMs <= decayed()) return;
      costMs = now - quietMs;
      stampMs = now;
    },
    observe(rttMs) {
      const now = clock.now();
      if (costMs === undefined) {
        // The first answer pays for connecting and for cold code; a failure, far above, counts in full.
        costMs = rttMs >= failureCostMs ? rttMs : Math.min(rttMs, seedRttMs);
      } else {
        const weight = Math.exp(-(now - stampMs) / decayMs);
        costMs = rttMs > decayed() ? rttMs : costMs * weight + rttMs * (1 - weight);
      }
      stampMs = now;
    },
    reset() {
      costMs = undefined;
    },
  };
}

/**
 * A failed answer counts as at least this slow. Without it an endpoint that fails at once looks like the fastest of
 * all and draws the traffic to itself.
 */
export const failureCostMs = 5_000;

/** The longest a `Retry-After` may make a failed answer look; milliseconds. */
export const longestFailureCostMs = 300_000;
