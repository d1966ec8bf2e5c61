import type { Clock, Timer } from "../../kernel/index.ts";

/** A check whose instance must say that it is alive. */
export interface TtlCheck extends Disposable {
  /** The instance said something: the time starts anew, and is no shorter than `atLeastMs`. */
  beat(atLeastMs?: number): void;
}

/** Checks of that kind, all on one timer. */
export interface TtlChecks extends Disposable {
  /** Starts a check: counted from now. */
  start(id: string, ttlMs: number): TtlCheck;
}

/** A timer that fires this much later than planned was held up with everything else in this process. */
const heldUpMs = 1_000;

/** What came in meanwhile is heard within this time. */
const heldUpGraceMs = 10_000;

/** A timer of a process that runs is no later than this: what came in before it has been heard. */
const onTimeMs = 5;

/** What lies in the sockets of a process that was held up for less than `heldUpMs` is heard within this time. */
const hearMs = 250;

/**
 * Calls `expire` when nothing was heard of a check for its TTL, and again after each silence that follows a beat.
 *
 * A heap of the times at which a check must be looked at again, and one timer for the first of them. A beat only moves
 * the deadline: the heap hears of it when the time it has is up, once per TTL, however many beats arrive. So ten
 * thousand checks are ten thousand small records and not as many timers.
 *
 * After a pause of the whole process (a laptop that slept, SIGSTOP) no check expires for what the process itself was
 * not there to hear: each has its TTL again, 10 seconds at most. How long a pause was, nothing tells: one that ends soon
 * after a check was due may have taken all of its TTL. So a timer that is late at all first lets the process hear what
 * has arrived, 250 ms, once in a silence: a process that is always late misses who is silent all the same.
 */
export function ttlChecks(clock: Clock, expire: (id: string) => void): TtlChecks {
  return new Heap(clock, expire);
}

class Entry implements TtlCheck {
  readonly id: string;
  readonly ttlMs: number;
  /** When it expires if nothing is heard. */
  deadline: number;
  /** When it is looked at: never after the deadline. */
  lookAt: number;
  /** Where it is in the heap; -1: nowhere, it expired or ended. */
  place = -1;
  ended = false;
  /** It was due while the process was held up, and nothing was heard of it since. */
  reprieved = false;
  readonly #heap: Heap;

  constructor(heap: Heap, id: string, ttlMs: number, deadline: number) {
    this.#heap = heap;
    this.id = id;
    this.ttlMs = ttlMs;
    this.deadline = deadline;
    this.lookAt = deadline;
  }

  beat(atLeastMs: number = 0): void {
    this.#heap.beat(this, atLeastMs);
  }

  [Symbol.dispose](): void {
    this.#heap.end(this);
  }
}

class Heap implements TtlChecks {
  readonly #clock: Clock;
  readonly #expire: (id: string) => void;
  /** Nobody is looked at before the first one; the ones after `n` are `2n + 1` and `2n + 2`. */
  readonly #heap: Entry[] = [];
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** The process was held up just now: what is due until then may have been heard of meanwhile. */
  #hearsUntil = 0;

  constructor(clock: Clock, expire: (id: string) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  start(id: string, ttlMs: number): TtlCheck {
    const entry = new Entry(this, id, ttlMs, this.#clock.now() + ttlMs);
    this.#add(entry);
    this.#plan();
    return entry;
  }

  beat(entry: Entry, atLeastMs: number): void {
    if (entry.ended) return;
    const before = entry.deadline;
    entry.reprieved = false;
    entry.deadline = this.#clock.now() + Math.max(entry.ttlMs, atLeastMs);
    if (entry.place >= 0 && entry.deadline >= before) return;
    if (entry.place >= 0) this.#remove(entry);
    entry.lookAt = entry.deadline;
    this.#add(entry);
    this.#plan();
  }

  end(entry: Entry): void {
    entry.ended = true;
    if (entry.place >= 0) this.#remove(entry);
    this.#plan();
  }

  [Symbol.dispose](): void {
    for (const entry of this.#heap) Object.assign(entry, { ended: true, place: -1 });
    this.#heap.length = 0;
    this.#plan();
  }

  #due(): void {
    const now = this.#clock.now();
    const lateMs = now - this.#timerAt;
    if (lateMs > onTimeMs) this.#hearsUntil = now + hearMs;
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (let first = this.#heap[0]; first !== undefined && first.lookAt <= now; first = this.#heap[0]) {
      this.#remove(first);
      if (lateMs > heldUpMs)
        first.deadline = Math.max(first.deadline, now + Math.min(first.ttlMs, heldUpGraceMs));
      else if (now < this.#hearsUntil && first.deadline <= now && !first.reprieved) {
        first.reprieved = true;
        first.deadline = now + Math.min(first.ttlMs, hearMs);
      }
      if (first.deadline > now) {
        first.lookAt = first.deadline;
        this.#add(first);
      } else this.#expire(first.id);
    }
    this.#plan();
  }

  /** Sets the timer for the first one. */
  #plan(): void {
    const at = this.#heap[0]?.lookAt ?? Number.POSITIVE_INFINITY;
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.after(at - this.#clock.now(), () => this.#due(), { background: true });
  }

  #add(entry: Entry): void {
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
  }

  #remove(entry: Entry): void {
    const last = this.#heap.pop();
    const { place } = entry;
    entry.place = -1;
    if (last === undefined || last === entry) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  /** Moves towards the front until the one before it is due no later. */
  #rise(entry: Entry, from: number): void {
    let place = from;
    while (place > 0) {
      const before = (place - 1) >> 1;
      const other = this.#heap[before];
      if (other === undefined || other.lookAt <= entry.lookAt) break;
      this.#set(other, place);
      place = before;
    }
    this.#set(entry, place);
  }

  /** Mirror of `#rise`. */
  #sink(entry: Entry, from: number): void {
    let place = from;
    for (;;) {
      const [left, right] = [this.#heap[place * 2 + 1], this.#heap[place * 2 + 2]];
      const sooner = right !== undefined && left !== undefined && right.lookAt < left.lookAt ? right : left;
      if (sooner === undefined || sooner.lookAt >= entry.lookAt) break;
      const next = sooner.place;
      this.#set(sooner, place);
      place = next;
    }
    this.#set(entry, place);
  }

  #set(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
