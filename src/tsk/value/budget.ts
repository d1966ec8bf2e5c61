import type { TskCode } from "../codes.ts";
import { limits } from "../syntax/limits.ts";

/** Says no once, at the place that goes over a limit; everything after it is broken without another report. */
type Refuse = (code: TskCode, message: string) => void;

/** Steps and depth that an evaluation may still use: no text makes it run or grow without end. */
export class Budget {
  readonly #limit: number;
  #fuel: number;
  #depth = 0;
  #refused = false;

  /** @param textLength length of all sources; what is written out costs nothing extra */
  constructor(textLength: number) {
    this.#limit = limits.fuel + 4 * textLength;
    this.#fuel = this.#limit;
  }

  /** Uses steps; false when there are not enough. */
  spend(steps: number, refuse: Refuse): boolean {
    this.#fuel -= steps;
    if (this.#fuel >= 0) return true;
    if (!this.#refused) refuse("TSK_FUEL", `evaluation takes more than ${this.#limit} steps`);
    this.#refused = true;
    return false;
  }

  /** False for a value that is larger than all steps there are: copying or printing it would not end. */
  fits(weight: number, refuse: Refuse): boolean {
    return weight <= this.#limit || this.spend(this.#limit + 1, refuse);
  }

  /** Enters one level of calls; false when it is one too many. `leave` follows only a true. */
  enter(refuse: Refuse): boolean {
    if (this.#depth < limits.calls) {
      this.#depth++;
      return true;
    }
    if (!this.#refused)
      refuse("TSK_TOO_DEEP", `values refer to each other more than ${limits.calls} levels deep`);
    this.#refused = true;
    return false;
  }

  leave(): void {
    this.#depth--;
  }
}
