import type { Clock } from "../../kernel/index.ts";
import { decide, type KeyState, type RateLimit, type RateLimitSettings } from "../rate-limit.ts";
import { enterLock, forgetLock, leaveLock } from "./lock.ts";
import { bucketBytes, bucketKeys, keyBytes, type SharedMemory } from "./memory.ts";

/**
 * A rate limit over all threads of a process, by the same decision as `rateLimit`. Keys of all limits share the memory;
 * they are told apart by 64 bits of a seeded hash over the limit's name and the key.
 *
 * @param name names the limit; two of one name and the same numbers are the same limit in every thread
 * @param at `clock` must mean the same moment in every thread: `threadClock`; `thread` is 0-based, and a lock it held is given
 *   back when it died, with `forgetThread`
 */
export function sharedRateLimit(
  memory: SharedMemory,
  name: string,
  settings: RateLimitSettings,
  { clock, thread }: { readonly clock: Clock; readonly thread: number },
): RateLimit {
  const { limit, windowMs } = settings;
  const prefix = `${limit}/${windowMs} ${name}\n`;
  const table = new Table(memory, thread);
  const scratch: KeyState = { tatMs: 0, anchorMs: 0, used: 0 };
  let keys = 0;
  let forgotten = 0;
  return {
    settings,
    /** Those this thread was the first to see; what threads report adds up. */
    get keys() {
      return keys - forgotten;
    },
    get forgotten() {
      return forgotten;
    },
    check(key) {
      const now = clock.now();
      const found = table.enter(prefix + key);
      if (found !== "known") {
        keys++;
        if (found === "evicted") forgotten++;
        table.write({ tatMs: 0, anchorMs: now, used: 0 }, now);
      }
      table.read(scratch);
      if (now - scratch.anchorMs >= windowMs) {
        scratch.anchorMs = now;
        scratch.used = 0;
      }
      const decision = decide(scratch, limit, windowMs, now);
      table.write(scratch, now);
      table.leave();
      return decision;
    },
  };
}

/** Frees the locks of a thread that is gone. */
export function forgetRates({ rates }: SharedMemory, thread: number): void {
  const words = new Int32Array(rates);
  for (let lock = 0; lock < words.length; lock += bucketBytes / 4) forgetLock(words, lock, thread);
}

/** A table of buckets, each with a lock. Between `enter` and `leave` one key is ours. */
class Table {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #holder: number;
  readonly #floats: Float64Array;
  readonly #buckets: number;
  readonly #seed: number;
  #lock = 0;
  /** Place of the key in `#words`. */
  #at = 0;

  constructor({ rates, seed }: SharedMemory, thread: number) {
    this.#holder = thread + 1;
    this.#words = new Int32Array(rates);
    this.#floats = new Float64Array(rates);
    this.#buckets = rates.byteLength / bucketBytes;
    this.#seed = seed;
  }

  enter(key: string): "known" | "new" | "evicted" {
    const high = hash(key, this.#seed);
    // Never 0, which says that a place is empty.
    const low = hash(key, ~this.#seed) | 1;
    const words = this.#words;
    this.#lock = ((high >>> 0) % this.#buckets) * (bucketBytes / 4);
    enterLock(words, this.#lock, this.#holder);
    const first = this.#lock + 2;
    let oldest = first;
    for (let way = 0; way < bucketKeys; way++) {
      const at = first + way * (keyBytes / 4);
      if (words[at] === low && words[at + 1] === high) {
        this.#at = at;
        return "known";
      }
      if (words[at] === 0) return this.#take(at, low, high, "new");
      if (this.#seenMs(at) < this.#seenMs(oldest)) oldest = at;
    }
    return this.#take(oldest, low, high, "evicted");
  }

  leave(): void {
    leaveLock(this.#words, this.#lock);
  }

  read(state: KeyState): void {
    const at = this.#at / 2;
    state.tatMs = this.#floats[at + 1] ?? 0;
    state.anchorMs = this.#floats[at + 2] ?? 0;
    state.used = this.#floats[at + 3] ?? 0;
  }

  write({ tatMs, anchorMs, used }: KeyState, now: number): void {
    const at = this.#at / 2;
    this.#floats[at + 1] = tatMs;
    this.#floats[at + 2] = anchorMs;
    this.#floats[at + 3] = used;
    this.#floats[at + 4] = now;
  }

  #take<W extends "new" | "evicted">(at: number, low: number, high: number, how: W): W {
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#at = at;
    return how;
  }

  #seenMs(at: number): number {
    return this.#floats[at / 2 + 4] ?? 0;
  }
}

/** MurmurHash3, 32 bits, over UTF-16 units (public domain). */
function hash(text: string, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= text.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
