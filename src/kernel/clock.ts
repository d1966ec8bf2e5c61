import { TuskerError } from "./error.ts";

/** Time, handed in. The only source of now and of waiting outside this file's `systemClock`. */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Calls `run` once after `delayMs`. A timer never keeps the process alive by itself when `background` is true. */
  after(delayMs: number, run: () => void, options?: TimerOptions): Timer;
  /** Resolves after `delayMs`; rejects with KERNEL_ABORTED when the signal fires first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface TimerOptions {
  readonly background?: boolean;
}

export interface Timer extends Disposable {
  cancel(): void;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, run, options) {
    // Node fires at once when the delay does not fit in 31 bits; a longer wait is capped at 24.8 days.
    const handle = setTimeout(run, Math.min(Math.max(0, delayMs), 0x7fffffff));
    if (options?.background === true) handle.unref();
    return timer(() => clearTimeout(handle));
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** A clock for tests: time passes only in `advance`. */
export interface ManualClock extends Clock {
  /** Moves time forward and runs, in order, what falls due. Timers set by those callbacks run too if due. */
  advance(ms: number): void;
  /** How many timers are pending. */
  readonly pending: number;
}

/** @param wallMs where the wall clock starts, milliseconds since the epoch; default 2026-01-01T00:00:00Z. */
export function manualClock(wallMs: number = 1_767_225_600_000): ManualClock {
  let now = 0;
  let order = 0;
  const timers = new Set<{ due: number; order: number; run: () => void }>();
  const clock: ManualClock = {
    now: () => now,
    wall: () => wallMs + now,
    after(delayMs, run) {
      const entry = { due: now + Math.max(0, delayMs), order: order++, run };
      timers.add(entry);
      return timer(() => timers.delete(entry));
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...timers]
          .filter((t) => t.due <= end)
          .sort((a, b) => a.due - b.due || a.order - b.order)[0];
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.due);
        next.run();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
  return clock;
}

function sleepOn(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(aborted(signal));
    const onAbort = (): void => {
      handle.cancel();
      if (signal !== undefined) reject(aborted(signal));
    };
    const handle = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The error of a wait that a signal ended; keeps the signal's reason as cause. */
export function aborted(signal: AbortSignal): TuskerError {
  if (signal.reason instanceof TuskerError) return signal.reason;
  return new TuskerError("KERNEL_ABORTED", "the operation was cancelled", { cause: signal.reason });
}

function timer(cancel: () => void): Timer {
  return { cancel, [Symbol.dispose]: cancel };
}
