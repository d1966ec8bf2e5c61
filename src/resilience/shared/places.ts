import { hash32 } from "../balance/hash.ts";
import type { Places } from "../overload/places.ts";
import { placesHead, type SharedMemory } from "./memory.ts";

/**
 * Places that all threads of a process take from one number. Undefined when there is no room for another name.
 *
 * @param name two of one name are the same places, in every thread
 * @param thread 0-based; what it took can be given back when it died, with `forgetThread`
 */
export function sharedPlaces(memory: SharedMemory, name: string, thread: number): Places | undefined {
  const words = new Int32Array(memory.places);
  const at = rowOf(words, memory, name);
  return at === undefined ? undefined : new SharedPlaces(words, at, thread);
}

/** Gives back what a thread took that is gone. */
export function forgetPlaces(memory: SharedMemory, thread: number): void {
  const words = new Int32Array(memory.places);
  const row = placesHead + memory.threads;
  for (let at = 0; at < words.length; at += row) {
    const left = Atomics.exchange(words, at + placesHead + thread, 0);
    if (left === 0) continue;
    Atomics.sub(words, at + cell.taken, left);
    wake(words, at);
  }
}

/** What stands in a row before the numbers of each thread. */
const cell = { low: 0, high: 1, taken: 2, waiting: 3, news: 4 } as const;

class SharedPlaces implements Places {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  readonly #own: number;

  constructor(words: Int32Array<SharedArrayBuffer>, at: number, thread: number) {
    this.#words = words;
    this.#at = at;
    this.#own = at + placesHead + thread;
  }

  get taken(): number {
    return Atomics.load(this.#words, this.#at + cell.taken);
  }

  tryTake(limit: number): boolean {
    const words = this.#words;
    const at = this.#at + cell.taken;
    // Never above the limit, not even for a moment: another thread would be refused a place that is free.
    for (let taken = Atomics.load(words, at); taken < limit; ) {
      const found = Atomics.compareExchange(words, at, taken, taken + 1);
      if (found === taken) {
        Atomics.add(words, this.#own, 1);
        return true;
      }
      taken = found;
    }
    return false;
  }

  give(): void {
    const words = this.#words;
    Atomics.sub(words, this.#own, 1);
    Atomics.sub(words, this.#at + cell.taken, 1);
    if (Atomics.load(words, this.#at + cell.waiting) > 0) wake(words, this.#at);
  }

  watch(freed: () => void): Disposable {
    const words = this.#words;
    const news = this.#at + cell.news;
    let over = false;
    // Said before it is looked: whoever gives one back after the look sees that somebody waits.
    Atomics.add(words, this.#at + cell.waiting, 1);
    const look = (): void => {
      while (!over) {
        const seen = Atomics.load(words, news);
        freed();
        const next = Atomics.waitAsync(words, news, seen);
        if (!next.async) continue;
        void next.value.then(look);
        return;
      }
    };
    queueMicrotask(look);
    return {
      [Symbol.dispose]: () => {
        over = true;
        Atomics.sub(words, this.#at + cell.waiting, 1);
        // The last look is waiting still.
        wake(words, this.#at);
      },
    };
  }
}

function wake(words: Int32Array<SharedArrayBuffer>, at: number): void {
  Atomics.add(words, at + cell.news, 1);
  Atomics.notify(words, at + cell.news);
}

/** The row of a name, taken when nobody has it. */
function rowOf(words: Int32Array, { threads, seed }: SharedMemory, name: string): number | undefined {
  const row = placesHead + threads;
  const rows = words.length / row;
  // Never 0, which says that nobody has it.
  const low = hash32(name, seed) | 1;
  const high = hash32(name, ~seed) | 1;
  for (let i = 0; i < rows; i++) {
    const at = (((low >>> 0) + i) % rows) * row;
    const found = Atomics.compareExchange(words, at + cell.low, 0, low);
    if (found !== 0 && found !== low) continue;
    const other = Atomics.compareExchange(words, at + cell.high, 0, high);
    if (other === 0 || other === high) return at;
  }
  return undefined;
}
