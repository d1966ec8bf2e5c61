import type { Clock, Timer } from "../kernel/index.ts";

/** A signal that ends with its parents or when its time is up. Dispose it when the work is done. */
export interface TimeLimit extends Disposable {
  /** Made when it is asked for: an AbortController, its timer and its listeners cost more than a small call. */
  readonly signal: AbortSignal;
  /** As `signal.aborted`, without making the signal: the time counts only once there is one. */
  readonly aborted: boolean;
  /** True when the time ran out, false when a parent fired or nothing did. */
  readonly expired: boolean;
  /** Takes the time off: what was waited for came. The signal goes on following its parents. */
  lift(): void;
}

export interface TimeLimitOptions {
  /** Milliseconds from now; undefined means no limit of its own. */
  readonly ms?: number | undefined;
  readonly parents?: readonly (AbortSignal | undefined)[];
  /** Reason of the signal when the time is up. */
  readonly reason: () => unknown;
}

/**
 * Composes signals without leaks: unlike AbortSignal.any, disposing takes the listeners off parents that live
 * longer than the work, and the timer off the clock.
 *
 * @example using limit = timeLimit(clock, { ms: 250, parents: [ctx.signal], reason: () => tooLate });
 */
export function timeLimit(clock: Clock, options: TimeLimitOptions): TimeLimit {
  return new LazyLimit(clock, options);
}

class LazyLimit implements TimeLimit {
  readonly #clock: Clock;
  readonly #parents: readonly AbortSignal[];
  readonly #reason: () => unknown;
  #dueMs: number | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #expired = false;
  #disposed = false;

  constructor(clock: Clock, { ms, parents = [], reason }: TimeLimitOptions) {
    this.#clock = clock;
    this.#parents = parents.filter((parent) => parent !== undefined);
    this.#reason = reason;
    this.#dueMs = ms === undefined ? undefined : clock.now() + ms;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#make();
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#controller?.signal.aborted ?? this.#parents.some((parent) => parent.aborted);
  }

  get expired(): boolean {
    return this.#expired;
  }

  lift(): void {
    this.#dueMs = undefined;
    this.#timer?.cancel();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.cancel();
    if (this.#controller === undefined) return;
    for (const parent of this.#parents) parent.removeEventListener("abort", this.#onParent);
  }

  #make(): AbortController {
    const controller = new AbortController();
    if (this.#disposed) return controller;
    const fired = this.#parents.find((parent) => parent.aborted);
    if (fired !== undefined) {
      controller.abort(fired.reason);
      return controller;
    }
    for (const parent of this.#parents) parent.addEventListener("abort", this.#onParent, { once: true });
    if (this.#dueMs !== undefined)
      this.#timer = this.#clock.after(this.#dueMs - this.#clock.now(), this.#onTime);
    return controller;
  }

  readonly #onParent = (): void => this.#end(this.#parents.find((parent) => parent.aborted)?.reason);

  readonly #onTime = (): void => {
    this.#expired = true;
    this.#end(this.#reason());
  };

  #end(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller?.abort(reason);
  }
}
