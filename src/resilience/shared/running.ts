import type { Running } from "../running.ts";
import { clusterNumber, clusterWord } from "./memory.ts";
import type { Row } from "./rows.ts";

/**
 * The requests of all threads on one endpoint. Each thread writes its own numbers and reads those of all, one by one and
 * without order: one that is a moment old is as good.
 */
export class SharedRunning implements Running {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #numbers: Float64Array<SharedArrayBuffer>;
  readonly #threads: number;
  readonly #thread: number;
  #own = 0;
  #awaited = 0;

  /** @param thread 0-based */
  constructor({ words, numbers }: Row, thread: number) {
    this.#words = words.subarray(clusterWord.running);
    this.#numbers = numbers.subarray(clusterNumber.quiet);
    this.#threads = this.#numbers.length;
    this.#thread = thread;
  }

  get own(): number {
    return this.#own;
  }

  get all(): number {
    let all = 0;
    for (let i = 0; i < this.#threads; i++) all += this.#words[i] ?? 0;
    return all;
  }

  get quietMs(): number | undefined {
    let first: number | undefined;
    for (let i = 0; i < this.#threads; i++) {
      if (this.#words[this.#threads + i] === 0) continue;
      const quietMs = this.#numbers[i] ?? 0;
      if (first === undefined || quietMs < first) first = quietMs;
    }
    return first;
  }

  get ownQuietMs(): number {
    return this.#numbers[this.#thread] ?? 0;
  }

  begin(nowMs: number): void {
    if (this.#awaited === 0) this.#numbers[this.#thread] = nowMs;
    this.#run(1);
    this.#await(1);
  }

  end(): void {
    this.#run(-1);
  }

  heard(nowMs: number): void {
    this.#numbers[this.#thread] = nowMs;
    this.#await(-1);
  }

  abandoned(): void {
    this.#await(-1);
  }

  /** Takes out what this one put in, which is told no more. */
  close(): void {
    this.#run(-this.#own);
    this.#await(-this.#awaited);
  }

  /** Takes out all of this thread, which is gone. */
  forget(): void {
    this.#words[this.#thread] = 0;
    this.#words[this.#threads + this.#thread] = 0;
  }

  #run(by: number): void {
    this.#own += by;
    const at = this.#thread;
    this.#words[at] = (this.#words[at] ?? 0) + by;
  }

  #await(by: number): void {
    this.#awaited += by;
    const at = this.#threads + this.#thread;
    this.#words[at] = (this.#words[at] ?? 0) + by;
  }
}
