import type { Clock, Timer } from "../../kernel/index.ts";
import { Deadline, timerWheel } from "./wheel.ts";

/** The wheel may be one tick late; for what is left the clock has a timer. */
const nearMs = 150;

/**
 * A time limit that is told to the millisecond and nearly always taken back before. It waits in the wheel of its clock,
 * which costs a tenth of a timer of its own, and gets one only when its time is near.
 */
export class Alarm implements Timer {
  readonly #clock: Clock;
  readonly #run: () => void;
  readonly #dueMs: number;
  #far: Deadline | undefined;
  #near: Timer | undefined;

  constructor(clock: Clock, delayMs: number, run: () => void) {
    this.#clock = clock;
    this.#run = run;
    this.#dueMs = clock.now() + delayMs;
    if (delayMs <= nearMs * 2) this.#near = clock.after(delayMs, run);
    else {
      this.#far = new Deadline(() => this.#approach());
      timerWheel(clock).set(this.#far, delayMs - nearMs);
    }
  }

  cancel(): void {
    if (this.#far !== undefined) timerWheel(this.#clock).remove(this.#far);
    this.#far = undefined;
    this.#near?.cancel();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  #approach(): void {
    this.#far = undefined;
    this.#near = this.#clock.after(this.#dueMs - this.#clock.now(), this.#run);
  }
}
