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

  /** Uses steps; false when there are not enough, which is still to be told. */
  affords(steps: number): boolean {
    this.#fuel -= steps;
    return this.#fuel >= 0;
  }

  /** True when there are so many steps left. */
  has(steps: number): boolean {
    return this.#fuel >= steps;
  }

  /** Enters one level of calls; false when it is one too many, which is still to be told. `leave` follows only a true. */
  enters(): boolean {
    if (this.#depth >= limits.calls) return false;
    this.#depth++;
    return true;
  }

  /** Tells why there is no going on. */
  tell(refuse: Refuse): false {
    if (!this.#refused && this.#fuel < 0)
      refuse("TSK_FUEL", `evaluation takes more than ${this.#limit} steps`);
    else if (!this.#refused)
      refuse("TSK_TOO_DEEP", `values refer to each other more than ${limits.calls} levels deep`);
    this.#refused = true;
    return false;
  }

  /** As `affords`; told when there are not enough. */
  spend(steps: number, refuse: Refuse): boolean {
    return this.affords(steps) || this.tell(refuse);
  }

  /** False for a value that is larger than all steps there are: copying or printing it would not end. Still to be told. */
  fits(weight: number): boolean {
    return weight <= this.#limit || this.affords(this.#limit + 1);
  }

  leave(): void {
    this.#depth--;
  }
}
