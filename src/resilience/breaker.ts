import type { Clock, Random } from "../kernel/index.ts";
import { type Cells, type CellsSize, ownCells } from "./cells.ts";
import { type RollingCounts, rollingCells, rollingCounts } from "./rolling-counts.ts";

/** When a breaker opens and how long it stays open. */
export interface BreakerSettings {
  /** Failures in a row that open it; default 5. */
  readonly failures?: number;
  /** Opens below this share of successes; default 0.8. */
  readonly minSuccess?: number;
  /** Window of the share; default 10,000. */
  readonly windowMs?: number;
  /** Outcomes the window must hold before the share counts; default 10. */
  readonly minRequests?: number;
  /** First pause; it doubles with each failed probe; default 1,000. */
  readonly pauseMs?: number;
  /** Longest pause; default 60,000. */
  readonly maxPauseMs?: number;
  /** Share of a pause that chance may take off, so that many breakers do not probe together; default 0.5. */
  readonly jitter?: number;
}

export type BreakerState = "closed" | "open" | "half-open";

/** The right to one request. Settle it exactly once; settling again does nothing. */
export interface Permit {
  /** True for the single request a half-open breaker lets through. */
  readonly probe: boolean;
  success(): void;
  failure(): void;
  /** The request ended without telling anything about the peer: the caller went away, nobody was asked. */
  ignore(): void;
}

/** A permit, or the monotonic time at which asking again makes sense. */
export type Admission =
  | { readonly admitted: true; readonly permit: Permit }
  | { readonly admitted: false; readonly untilMs: number };

/** Keeps requests away from a peer that fails. */
export interface Breaker {
  /** `half-open` from the end of the pause until the probe's outcome. */
  readonly state: BreakerState;
  /** True when `state` is `closed`; cheaper to ask. */
  readonly closed: boolean;
  /** Begin and end of the current or last pause, monotonic; 0 before the first. */
  readonly openedMs: number;
  readonly untilMs: number;
  /** When a probe last closed it, monotonic; 0 before that. */
  readonly closedMs: number;
  /** Changes with each change of state. */
  readonly era: number;
  tryAcquire(pace?: ProbePace): Admission;
  /** True when `tryAcquire` would admit now. */
  admits(pace?: ProbePace): boolean;
}

/**
 * `patient` (the default) waits the whole pause. `eager` cuts it to the length of a first one: for when other
 * endpoints prove that the service is back.
 */
export type ProbePace = "patient" | "eager";

export interface BreakerPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Hears each change of state that was made here, and none that another thread made. Must not throw. */
  readonly onChange?: (state: BreakerState) => void;
  /** Where its numbers are kept: `breakerCells` of them, all 0 at the beginning; default: memory of its own. */
  readonly cells?: Cells;
}

/**
 * A breaker for one endpoint. It opens at `failures` in a row or below `minSuccess`, waits, then lets exactly one
 * probe through. Outcomes of requests admitted before the last change of state are too old to count. Breakers on the
 * same cells, in whatever thread, are one breaker.
 *
 * @example const b = breaker({ failures: 5 }, { clock, random }); const a = b.tryAcquire();
 */
export function breaker(settings: BreakerSettings, ports: BreakerPorts): Breaker {
  return new EndpointBreaker(settings, ports);
}

/** What stands in its words. `held`: who has the probe. `era`: counts changes of state; its low bits are the state. */
const word = { held: 0, era: 1, inRow: 2, pauses: 3 } as const;
const number = { openedMs: 0, untilMs: 1, closedMs: 2, outcomes: 3 } as const;

export const breakerCells: CellsSize = { words: 4, numbers: number.outcomes + rollingCells() };

/** Which of its words says who has the probe: that of a thread which died is given back. */
export const breakerHeld: number = word.held;

const states = ["closed", "open", "half-open"] as const satisfies readonly BreakerState[];
const stateBits = 2;

/** As `stateOf` says "closed", which every request asks. */
function isClosed(era: number): boolean {
  return (era & ((1 << stateBits) - 1)) === 0;
}

function stateOf(era: number): BreakerState {
  return states[era & ((1 << stateBits) - 1)] ?? "closed";
}

class EndpointBreaker implements Breaker {
  readonly #settings: Required<BreakerSettings>;
  readonly #ports: BreakerPorts;
  readonly #cells: Cells;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #outcomes: RollingCounts;

  constructor(settings: BreakerSettings, ports: BreakerPorts) {
    this.#settings = {
      failures: settings.failures ?? 5,
      minSuccess: settings.minSuccess ?? 0.8,
      windowMs: settings.windowMs ?? 10_000,
      minRequests: settings.minRequests ?? 10,
      pauseMs: settings.pauseMs ?? 1_000,
      maxPauseMs: settings.maxPauseMs ?? 60_000,
      jitter: settings.jitter ?? 0.5,
    };
    this.#ports = ports;
    this.#cells = ports.cells ?? ownCells(breakerCells);
    this.#words = this.#cells.words;
    this.#numbers = this.#cells.numbers;
    this.#outcomes = rollingCounts(
      this.#settings.windowMs,
      undefined,
      this.#numbers.subarray(number.outcomes),
    );
  }

  get state(): BreakerState {
    const state = stateOf(this.era);
    return state === "open" && this.#ports.clock.now() >= this.untilMs ? "half-open" : state;
  }

  get closed(): boolean {
    return isClosed(this.era);
  }

  get era(): number {
    return this.#words[word.era] ?? 0;
  }

  get openedMs(): number {
    return this.#read(number.openedMs);
  }

  get untilMs(): number {
    return this.#read(number.untilMs);
  }

  get closedMs(): number {
    return this.#read(number.closedMs);
  }

  admits(pace: ProbePace = "patient"): boolean {
    if (this.closed) return true;
    const { lock } = this.#cells;
    lock.enter();
    const due = this.#isDue(pace);
    lock.leave();
    return due;
  }

  tryAcquire(pace: ProbePace = "patient"): Admission {
    const { era } = this;
    return isClosed(era) ? this.#admitted(era, false) : this.#tryProbe(pace);
  }

  #tryProbe(pace: ProbePace): Admission {
    const { lock } = this.#cells;
    lock.enter();
    const before = this.era;
    const due = this.#isDue(pace);
    if (due) {
      this.#words[word.held] = lock.holder;
      this.#become("half-open");
    }
    const { era } = this;
    const untilMs = this.#pauseEnd(pace);
    lock.leave();
    // Another thread's probe may have closed it since it was looked at.
    if (isClosed(before)) return this.#admitted(before, false);
    if (!due) return { admitted: false, untilMs };
    this.#tell(before, era);
    return this.#admitted(era, true);
  }

  #admitted(era: number, probe: boolean): Admission {
    return { admitted: true, permit: new BreakerPermit(this, probe, era) };
  }

  /** The outcome of a permit; one of before the last change of state has nothing to say. */
  settle(outcome: Outcome, probe: boolean, era: number): void {
    const { lock } = this.#cells;
    lock.enter();
    if (era !== this.era) {
      lock.leave();
      return;
    }
    if (outcome === "ignored") {
      if (probe) this.#words[word.held] = 0;
    } else if (outcome === "success") probe ? this.#close() : this.#succeed();
    else probe ? this.#open() : this.#fail();
    const now = this.era;
    lock.leave();
    if (now !== era) this.#tell(era, now);
  }

  /** Under the lock: whether a probe may go out now. */
  #isDue(pace: ProbePace): boolean {
    if (this.closed || this.#words[word.held] !== 0) return false;
    return this.#ports.clock.now() >= this.#pauseEnd(pace);
  }

  #pauseEnd(pace: ProbePace): number {
    const untilMs = this.#numbers[number.untilMs] ?? 0;
    if (pace === "patient") return untilMs;
    return Math.min(untilMs, (this.#numbers[number.openedMs] ?? 0) + this.#settings.pauseMs);
  }

  #succeed(): void {
    this.#words[word.inRow] = 0;
    this.#outcomes.add(0, this.#ports.clock.now());
  }

  #fail(): void {
    const now = this.#ports.clock.now();
    const inRow = (this.#words[word.inRow] ?? 0) + 1;
    this.#words[word.inRow] = inRow;
    this.#outcomes.add(1, now);
    if (inRow >= this.#settings.failures || this.#tooFewSucceed(now)) this.#open();
  }

  #tooFewSucceed(now: number): boolean {
    const good = this.#outcomes.sum(0, now);
    const all = good + this.#outcomes.sum(1, now);
    return all >= this.#settings.minRequests && good / all < this.#settings.minSuccess;
  }

  #open(): void {
    const { pauseMs, maxPauseMs, jitter } = this.#settings;
    const pauses = this.#words[word.pauses] ?? 0;
    // 2^30 pauses are years: the exponent is bounded so that the product stays a number.
    const fullMs = Math.min(maxPauseMs, pauseMs * 2 ** Math.min(pauses, 30));
    const now = this.#ports.clock.now();
    this.#words[word.pauses] = pauses + 1;
    this.#numbers[number.openedMs] = now;
    this.#numbers[number.untilMs] = now + fullMs * (1 - jitter * this.#ports.random.next());
    this.#words[word.held] = 0;
    this.#become("open");
  }

  #close(): void {
    this.#words[word.inRow] = 0;
    this.#words[word.pauses] = 0;
    this.#words[word.held] = 0;
    this.#numbers[number.closedMs] = this.#ports.clock.now();
    this.#outcomes.reset();
    this.#become("closed");
  }

  #become(state: BreakerState): void {
    this.#words[word.era] = (((this.era >> stateBits) + 1) << stateBits) | states.indexOf(state);
  }

  /** Outside the lock: whoever hears of it may ask anything. */
  #tell(before: number, now: number): void {
    const state = stateOf(now);
    if (state !== stateOf(before)) this.#ports.onChange?.(state);
  }

  #read(at: number): number {
    const { lock } = this.#cells;
    lock.enter();
    const value = this.#numbers[at] ?? 0;
    lock.leave();
    return value;
  }
}

type Outcome = "success" | "failure" | "ignored";

/** One object per request, without closures: it is on the path of every request. */
class BreakerPermit implements Permit {
  readonly probe: boolean;
  readonly #breaker: EndpointBreaker;
  readonly #era: number;
  #settled = false;

  constructor(breaker: EndpointBreaker, probe: boolean, era: number) {
    this.probe = probe;
    this.#breaker = breaker;
    this.#era = era;
  }

  success(): void {
    this.#settle("success");
  }

  failure(): void {
    this.#settle("failure");
  }

  ignore(): void {
    this.#settle("ignored");
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#breaker.settle(outcome, this.probe, this.#era);
  }
}
