import type { Clock, Timer } from "../../kernel/index.ts";

/** How late a deadline may be told. */
const tickMs = 100;
const slots = 512;

/** Something that may come too late. One object serves one connection for all its deadlines, one after the other. */
export class Deadline {
  /** When it is due; Infinity when nothing is. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Its neighbours in the wheel; undefined when it hangs in none. */
  before: Deadline | undefined;
  behind: Deadline | undefined;
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
  /** A ring of neighbours for each tick, which begins and ends with a deadline of nobody: nothing is made to hang one. */
  readonly #slots: readonly Deadline[] = Array.from({ length: slots }, emptyRing);
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
    if (deadline.before !== undefined) {
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
    if (deadline.before !== undefined) this.#unhang(deadline);
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
    const ring = this.#slots[tick % slots];
    const last = ring?.before;
    if (ring === undefined || last === undefined) return;
    deadline.before = last;
    deadline.behind = ring;
    last.behind = deadline;
    ring.before = deadline;
    this.#count++;
  }

  #unhang(deadline: Deadline): void {
    const { before, behind } = deadline;
    if (before === undefined || behind === undefined) return;
    before.behind = behind;
    behind.before = before;
    deadline.before = undefined;
    deadline.behind = undefined;
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
      if (deadline.before !== undefined || !(deadline.dueMs <= nowMs + 1e-3)) continue;
      deadline.dueMs = Number.POSITIVE_INFINITY;
      deadline.run();
    }
    if (this.#count > 0 && this.#timer === undefined) this.#arm();
  }

  #take(tick: number, nowMs: number, due: Deadline[]): void {
    const ring = this.#slots[tick % slots];
    const seen: Deadline[] = [];
    for (let one = ring?.behind; one !== undefined && one !== ring; one = one.behind)
      if (one.tick <= tick) seen.push(one);
    for (const deadline of seen) {
      this.#unhang(deadline);
      if (deadline.dueMs <= nowMs + 1e-3) due.push(deadline);
      else if (deadline.dueMs !== Number.POSITIVE_INFINITY) this.#hang(deadline);
    }
  }
}

function emptyRing(): Deadline {
  const ring = new Deadline(() => {});
  ring.before = ring;
  ring.behind = ring;
  return ring;
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
