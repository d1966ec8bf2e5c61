import { hash32 } from "../balance/hash.ts";
import { enterLock, forgetLock, leaveLock } from "./lock.ts";

/** A table of rows in shared memory. */
export interface RowsShape {
  readonly rows: number;
  readonly threads: number;
  /** What each row holds. */
  readonly words: number;
  readonly numbers: number;
}

/** A row that somebody has. */
export interface Row {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly numbers: Float64Array<SharedArrayBuffer>;
  /** Its place in the table. */
  readonly at: number;
}

/** Room for the lock of the table, before its rows. */
const headBytes = 8;
/** Words of a row before the counts of those who have it, and what it holds: 64 bits of its name. */
const name = { low: 0, high: 1, users: 2 } as const;

function rowBytes({ threads, words, numbers }: RowsShape): number {
  return numbers * 8 + Math.ceil((name.users + threads + words) / 2) * 8;
}

export function rowsBytes(shape: RowsShape): number {
  return headBytes + shape.rows * rowBytes(shape);
}

/**
 * Rows by name. A name has the same row in every thread as long as any has it; then it is another's. What is in a row
 * is 0 for whoever takes it first.
 */
export class SharedRows {
  readonly #shape: RowsShape;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #seed: number;
  readonly #thread: number;

  /** @param thread 0-based */
  constructor(
    buffer: SharedArrayBuffer,
    shape: RowsShape,
    { seed, thread }: { readonly seed: number; readonly thread: number },
  ) {
    this.#shape = shape;
    this.#words = new Int32Array(buffer);
    this.#seed = seed;
    this.#thread = thread;
  }

  /** The row of a name, from now on also ours; undefined when there is no room. Give it back with `release`. */
  take(text: string): Row | undefined {
    // Never 0, which says that a row was never used.
    const low = hash32(text, this.#seed) | 1;
    const high = hash32(text, ~this.#seed);
    return this.#alone(() => {
      const at = this.#find(low, high | 0);
      if (at === undefined) return undefined;
      const words = this.#words;
      const row = this.row(at);
      const base = this.#base(at);
      if (this.#unused(at)) {
        row.words.fill(0);
        row.numbers.fill(0);
        words[base + name.low] = low;
        words[base + name.high] = high;
      }
      const own = base + name.users + this.#thread;
      words[own] = (words[own] ?? 0) + 1;
      return row;
    });
  }

  release({ at }: Row): void {
    this.#alone(() => {
      const own = this.#base(at) + name.users + this.#thread;
      this.#words[own] = (this.#words[own] ?? 0) - 1;
      this.#tidy(at);
    });
  }

  /** Lets go of all that this thread has, which is gone itself, and shows each row it had to `each`. */
  forget(each: (row: Row) => void): void {
    forgetLock(this.#words, 0, this.#thread);
    for (let at = 0; at < this.#shape.rows; at++) {
      const own = this.#base(at) + name.users + this.#thread;
      if (this.#words[own] === 0) continue;
      each(this.row(at));
      this.#alone(() => {
        this.#words[own] = 0;
        this.#tidy(at);
      });
    }
  }

  row(at: number): Row {
    const { numbers, words, threads } = this.#shape;
    const buffer = this.#words.buffer;
    const from = headBytes + at * rowBytes(this.#shape);
    return {
      at,
      numbers: new Float64Array(buffer, from, numbers),
      words: new Int32Array(buffer, from + numbers * 8 + (name.users + threads) * 4, words),
    };
  }

  /** The row that has this name and a user, else the first one that is free. */
  #find(low: number, high: number): number | undefined {
    const { rows } = this.#shape;
    let free: number | undefined;
    for (let i = 0; i < rows; i++) {
      const at = ((low >>> 0) + i) % rows;
      const base = this.#base(at);
      const found = this.#words[base + name.low];
      if (found === 0) return free ?? at;
      if (found === low && this.#words[base + name.high] === high) return at;
      if (free === undefined && this.#unused(at)) free = at;
    }
    return free;
  }

  /**
   * A row without users goes on standing in the way of a search for those behind it. Where nobody is behind it, it and
   * such before it become as if never used: a search never passes more of them than there are.
   */
  #tidy(from: number): void {
    const { rows } = this.#shape;
    const words = this.#words;
    const lowOf = (at: number): number => this.#base(at) + name.low;
    if (words[lowOf((from + 1) % rows)] !== 0) return;
    for (let at = from; words[lowOf(at)] !== 0 && this.#unused(at); at = (at + rows - 1) % rows)
      words[lowOf(at)] = 0;
  }

  #unused(at: number): boolean {
    const first = this.#base(at) + name.users;
    for (let i = 0; i < this.#shape.threads; i++) if (this.#words[first + i] !== 0) return false;
    return true;
  }

  /** Where the words of a row begin. */
  #base(at: number): number {
    return (headBytes + at * rowBytes(this.#shape)) / 4 + this.#shape.numbers * 2;
  }

  #alone<T>(work: () => T): T {
    enterLock(this.#words, 0, this.#thread + 1);
    try {
      return work();
    } finally {
      leaveLock(this.#words, 0);
    }
  }
}
