import type { Clock } from "../kernel/index.ts";
import { type Cells, type CellsSize, ownCells } from "./cells.ts";
import { ownRunning, type Running } from "./running.ts";

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

/** Where the load of an endpoint is kept; default: memory of its own. */
export interface LoadMemory {
  /** `loadCells` of them, all 0 at the beginning. */
  readonly cells?: Cells;
  readonly running?: Running;
}

const word = { known: 0 } as const;
const number = { costMs: 0, stampMs: 1 } as const;
export const loadCells: CellsSize = { words: 1, numbers: 2 };

/**
 * Peak EWMA (Finagle): a slower answer counts at once and in full, faster ones bring the cost down over `decayMs`.
 * An endpoint without history is asked at once, by one request.
 *
 * An answer that is awaited takes at least as long as nothing has come: an endpoint that stopped answering is known by its
 * silence, and not only when its first answer is there, seconds later.
 */
export function peakEwma(
  { decayMs = 10_000, seedRttMs = 30 }: LoadSettings,
  clock: Clock,
  { cells = ownCells(loadCells), running = ownRunning() }: LoadMemory = {},
): Load {
  const { words, numbers, lock } = cells;
  const known = (): boolean => words[word.known] === 1;
  /** Read without the lock, as a cost that is a moment old is as good. */
  const decayed = (now: number): number =>
    (numbers[number.costMs] ?? 0) * Math.exp(-(now - (numbers[number.stampMs] ?? 0)) / decayMs);
  const learn = (costMs: number, now: number): void => {
    numbers[number.costMs] = costMs;
    numbers[number.stampMs] = now;
    words[word.known] = 1;
  };

  return {
    get inFlight() {
      return running.all;
    },
    get ownInFlight() {
      return running.own;
    },
    cost() {
      const inFlight = running.all;
      const usual = known() ? decayed(clock.now()) : inFlight === 0 ? 0 : seedRttMs;
      const { quietMs } = running;
      return (quietMs === undefined ? usual : Math.max(usual, clock.now() - quietMs)) * (inFlight + 1);
    },
    begin: (nowMs = clock.now()) => running.begin(nowMs),
    end: () => running.end(),
    heard: (nowMs = clock.now()) => running.heard(nowMs),
    abandon() {
      running.abandoned();
      const now = clock.now();
      const silenceMs = now - running.ownQuietMs;
      lock.enter();
      if (known() && silenceMs > decayed(now)) learn(silenceMs, now);
      lock.leave();
    },
    observe(rttMs) {
      const now = clock.now();
      lock.enter();
      // The first answer pays for connecting and for cold code; a failure, far above, counts in full.
      if (!known()) learn(rttMs >= failureCostMs ? rttMs : Math.min(rttMs, seedRttMs), now);
      else if (rttMs > decayed(now)) learn(rttMs, now);
      else {
        const weight = Math.exp(-(now - (numbers[number.stampMs] ?? 0)) / decayMs);
        learn((numbers[number.costMs] ?? 0) * weight + rttMs * (1 - weight), now);
      }
      lock.leave();
    },
    reset() {
      lock.enter();
      words[word.known] = 0;
      lock.leave();
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
