import type { Clock, Timer } from "../../kernel/index.ts";

/** How late a deadline may be told. */
const tickMs = 100;
const slots = 512;

/** Something that may come too late. One object serves one connection for all its deadlines, one after the other. */
export class Deadline {
  /** When it is due; Infinity when nothing is. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Where it hangs in the wheel; -1 when it does not. */
  slot = -1;
  /** The tick at which the wheel looks at it. */
  tick = 0;
  readonly run: () => void;

  constructor(run: () => void) {
    this.run = run;
  }
}

/**
 * All deadlines of one clock on one timer. Setting and moving a deadline costs a comparison: it is only noted in the
 * deadline itself, and the wheel looks it up when the old time has come.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: Set<Deadline>[] = Array.from({ length: slots }, () => new Set());
  #count = 0;
  #startMs = 0;
  #tick = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Deadlines that hang in the wheel. */
  get pending(): number {
    return this.#count;
  }

  /** Due in `delayMs`, at most one tick (100 ms) late, never early. Replaces what was set before. */
  set(deadline: Deadline, delayMs: number): void {
    const dueMs = this.#clock.now() + delayMs;
    deadline.dueMs = dueMs;
    if (deadline.slot >= 0) {
      if (this.#tickOf(dueMs) >= deadline.tick) return;
      this.#unhang(deadline);
    }
    if (this.#count === 0 && this.#timer === undefined) {
      this.#startMs = this.#clock.now();
      this.#tick = 0;
      this.#arm();
    }
    this.#hang(deadline);
  }

  /** No longer due. It stays in the wheel until its old time, unseen; `remove` takes it out. */
  clear(deadline: Deadline): void {
    deadline.dueMs = Number.POSITIVE_INFINITY;
  }

  /** Takes it out; the wheel rests when it was the last. */
  remove(deadline: Deadline): void {
    deadline.dueMs = Number.POSITIVE_INFINITY;
    if (deadline.slot >= 0) this.#unhang(deadline);
    if (this.#count > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tickOf(dueMs: number): number {
    // A hair's breadth forgives what fractions of milliseconds lose in a sum.
    return Math.max(this.#tick + 1, Math.ceil((dueMs - this.#startMs) / tickMs - 1e-6));
  }

  #hang(deadline: Deadline): void {
    // Further away than the wheel is round: it is looked at once per turn.
    const tick = Math.min(this.#tickOf(deadline.dueMs), this.#tick + slots - 1);
    deadline.tick = tick;
    deadline.slot = tick % slots;
    this.#slots[deadline.slot]?.add(deadline);
    this.#count++;
  }

  #unhang(deadline: Deadline): void {
    this.#slots[deadline.slot]?.delete(deadline);
    deadline.slot = -1;
    this.#count--;
  }

  #arm(): void {
    const dueMs = this.#startMs + (this.#tick + 1) * tickMs;
    this.#timer = this.#clock.after(dueMs - this.#clock.now(), () => this.#advance(), { background: true });
  }

  /** Looks at every slot whose time has come; a late timer catches up. */
  #advance(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    const last = Math.floor((nowMs - this.#startMs) / tickMs + 1e-6);
    const due: Deadline[] = [];
    // After a long sleep one turn of the wheel meets every deadline there is.
    this.#tick = Math.max(this.#tick, last - slots);
    while (this.#tick < last) {
      this.#tick++;
      this.#take(this.#tick, nowMs, due);
    }
    for (const deadline of due) {
      // What ran before may have moved it.
      if (deadline.slot >= 0 || !(deadline.dueMs <= nowMs + 1e-3)) continue;
      deadline.dueMs = Number.POSITIVE_INFINITY;
      deadline.run();
    }
    if (this.#count > 0 && this.#timer === undefined) this.#arm();
  }

  #take(tick: number, nowMs: number, due: Deadline[]): void {
    const slot = this.#slots[tick % slots];
    if (slot === undefined || slot.size === 0) return;
    for (const deadline of [...slot]) {
      if (deadline.tick > tick) continue;
      this.#unhang(deadline);
      if (deadline.dueMs <= nowMs + 1e-3) due.push(deadline);
      else if (deadline.dueMs !== Number.POSITIVE_INFINITY) this.#hang(deadline);
    }
  }
}

const wheels = new WeakMap<Clock, TimerWheel>();

/** The wheel of a clock: one timer for everything that waits by it. */
export function timerWheel(clock: Clock): TimerWheel {
  let wheel = wheels.get(clock);
  if (wheel === undefined) {
    wheel = new TimerWheel(clock);
    wheels.set(clock, wheel);
  }
  return wheel;
}
