import type { Clock, Random } from "../kernel/index.ts";
import { rollingCounts } from "./rolling-counts.ts";

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
  /** Begin and end of the current or last pause, monotonic; 0 before the first. */
  readonly openedMs: number;
  readonly untilMs: number;
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
  /** Hears each change of state. Must not throw. */
  readonly onChange?: (state: BreakerState) => void;
}

/**
 * A breaker for one endpoint. It opens at `failures` in a row or below `minSuccess`, waits, then lets exactly one
 * probe through. Outcomes of requests admitted before the last change of state are too old to count.
 *
 * @example const b = breaker({ failures: 5 }, { clock, random }); const a = b.tryAcquire();
 */
export function breaker(settings: BreakerSettings, ports: BreakerPorts): Breaker {
  return new EndpointBreaker(settings, ports);
}

class EndpointBreaker implements Breaker {
  readonly #settings: Required<BreakerSettings>;
  readonly #ports: BreakerPorts;
  readonly #outcomes;
  #state: BreakerState = "closed";
  /** Counts changes of state; a permit of an older era has nothing to say. */
  #era = 0;
  #inRow = 0;
  #pauses = 0;
  #openedMs = 0;
  #untilMs = 0;
  #probing = false;

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
    this.#outcomes = rollingCounts(this.#settings.windowMs);
  }

  get state(): BreakerState {
    return this.#state === "open" && this.#ports.clock.now() >= this.#untilMs ? "half-open" : this.#state;
  }

  get openedMs(): number {
    return this.#openedMs;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  admits(pace: ProbePace = "patient"): boolean {
    if (this.#state === "closed") return true;
    return !this.#probing && this.#ports.clock.now() >= this.#pauseEnd(pace);
  }

  tryAcquire(pace: ProbePace = "patient"): Admission {
    if (this.#state === "closed") return { admitted: true, permit: this.#permit(false) };
    if (!this.admits(pace)) return { admitted: false, untilMs: this.#pauseEnd(pace) };
    this.#probing = true;
    this.#become("half-open");
    return { admitted: true, permit: this.#permit(true) };
  }

  #pauseEnd(pace: ProbePace): number {
    if (pace === "patient") return this.#untilMs;
    return Math.min(this.#untilMs, this.#openedMs + this.#settings.pauseMs);
  }

  #permit(probe: boolean): Permit {
    return new BreakerPermit(this, probe, this.#era);
  }

  /** The outcome of a permit; one of before the last change of state has nothing to say. */
  settle(outcome: Outcome, probe: boolean, era: number): void {
    if (era !== this.#era) return;
    if (outcome === "ignored") this.#probing = false;
    else if (outcome === "success") probe ? this.#close() : this.#succeed();
    else probe ? this.#open() : this.#fail();
  }

  #succeed(): void {
    this.#inRow = 0;
    this.#outcomes.add(0, this.#ports.clock.now());
  }

  #fail(): void {
    const now = this.#ports.clock.now();
    this.#inRow++;
    this.#outcomes.add(1, now);
    if (this.#inRow >= this.#settings.failures || this.#tooFewSucceed(now)) this.#open();
  }

  #tooFewSucceed(now: number): boolean {
    const good = this.#outcomes.sum(0, now);
    const all = good + this.#outcomes.sum(1, now);
    return all >= this.#settings.minRequests && good / all < this.#settings.minSuccess;
  }

  #open(): void {
    const { pauseMs, maxPauseMs, jitter } = this.#settings;
    // 2^30 pauses are years: the exponent is bounded so that the product stays a number.
    const fullMs = Math.min(maxPauseMs, pauseMs * 2 ** Math.min(this.#pauses, 30));
    this.#pauses++;
    this.#openedMs = this.#ports.clock.now();
    this.#untilMs = this.#openedMs + fullMs * (1 - jitter * this.#ports.random.next());
    this.#probing = false;
    this.#become("open");
  }

  #close(): void {
    this.#inRow = 0;
    this.#pauses = 0;
    this.#probing = false;
    this.#outcomes.reset();
    this.#become("closed");
  }

  #become(state: BreakerState): void {
    this.#era++;
    if (this.#state === state) return;
    this.#state = state;
    this.#ports.onChange?.(state);
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
