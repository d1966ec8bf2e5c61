/** Where what was read is put: a list, or one in the making. */
export interface Sink<T> {
  push(one: T): unknown;
}

/**
 * Lists in the making, each inside the one before it. What is finished is copied, to its own length: a list that grows on its
 * own keeps room for sixteen more, and most lists of a file are short.
 */
export class Pile<T> implements Sink<T> {
  readonly #all: T[] = [];
  #count = 0;

  /** Where a list begins that is made from now on. */
  get mark(): number {
    return this.#count;
  }

  push(one: T): void {
    this.#all[this.#count++] = one;
  }

  /** The last one, off the pile. */
  pop(): T | undefined {
    return this.#all[--this.#count];
  }

  /** Takes off all that was put on since a mark. */
  drop(mark: number): void {
    this.#count = mark;
  }

  /** The list begun at a mark; it is off the pile then. */
  take(mark: number): T[] {
    const taken = this.#all.slice(mark, this.#count);
    this.#count = mark;
    return taken;
  }
}
