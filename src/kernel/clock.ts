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

/** The real clock, whose `now` means the same moment in every thread of the process. */
export const threadClock: Clock = {
  ...systemClock,
  now: () => performance.now() + sinceBoot(),
  sleep: (delayMs, signal) => sleepOn(threadClock, delayMs, signal),
};

/** What lies between the zero of this thread's `performance` and that of the machine; asked once, because it costs. */
function sinceBoot(): number {
  originMs ??= Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return originMs;
}

let originMs: number | undefined;

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
  let pending = 0;
  // A heap, because simulations keep thousands of timers; a cancelled one leaves when its time comes.
  const heap: ManualTimer[] = [];
  const clock: ManualClock = {
    now: () => now,
    wall: () => wallMs + now,
    after(delayMs, run) {
      const entry: ManualTimer = { due: now + Math.max(0, delayMs), order: order++, run };
      pending++;
      push(heap, entry);
      return timer(() => {
        if (entry.run === undefined) return;
        entry.run = undefined;
        pending--;
      });
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    advance(ms) {
      const end = now + ms;
      for (let next = heap[0]; next !== undefined && next.due <= end; next = heap[0]) {
        shift(heap);
        const { run } = next;
        if (run === undefined) continue;
        next.run = undefined;
        pending--;
        now = Math.max(now, next.due);
        run();
      }
      now = end;
    },
    get pending() {
      return pending;
    },
  };
  return clock;
}

interface ManualTimer {
  readonly due: number;
  readonly order: number;
  /** Undefined once it ran or was cancelled. */
  run: (() => void) | undefined;
}

function before(a: ManualTimer, b: ManualTimer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

function push(heap: ManualTimer[], entry: ManualTimer): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !before(entry, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = entry;
}

function shift(heap: ManualTimer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = at * 2 + 1;
    const first = heap[left];
    if (first === undefined) break;
    const second = heap[left + 1];
    const [child, from] = second !== undefined && before(second, first) ? [second, left + 1] : [first, left];
    if (!before(child, last)) break;
    heap[at] = child;
    at = from;
  }
  heap[at] = last;
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
