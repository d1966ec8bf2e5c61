/**
 * Values by key, at most `max` of them. The ones unused for longest are forgotten, up to half of them at a time: keeping
 * the exact order would cost every request a deletion and an insertion.
 */
export class Recent<V> {
  readonly #half: number;
  /** Used since the last turn. */
  #young = new Map<string, V>();
  /** Not used since; holds no key of the young. */
  #old = new Map<string, V>();

  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    this.#old.delete(key);
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
