/** A connection that has answers waiting. */
export interface Holder {
  readonly unsentBytes: number;
  /** It holds more than any other while all hold too much: it must go. */
  burden(): void;
}

/**
 * What the answers of a server hold that clients do not take, over all its connections. Windows alone are no bound: a
 * client may ask for a hundred large answers on each of many connections and open a window for none of them. Above the
 * bound whoever holds most is closed, so that it is not the neighbours who pay.
 */
export class Unsent {
  readonly #mostBytes: number;
  readonly #holders = new Set<Holder>();
  #bytes = 0;
  #looking = false;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** What a connection holds has changed; its own count is up to date. */
  change(holder: Holder, bytes: number): void {
    this.#bytes += bytes;
    if (holder.unsentBytes > 0) this.#holders.add(holder);
    else this.#holders.delete(holder);
    if (this.#bytes <= this.#mostBytes || this.#looking) return;
    this.#looking = true;
    // Whoever is just answering finishes first.
    queueMicrotask(() => this.#relieve());
  }

  #relieve(): void {
    this.#looking = false;
    while (this.#bytes > this.#mostBytes) {
      let most: Holder | undefined;
      for (const holder of this.#holders)
        if (most === undefined || holder.unsentBytes > most.unsentBytes) most = holder;
      if (most === undefined) return;
      most.burden();
    }
  }
}
