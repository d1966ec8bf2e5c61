/**
 * Where a policy keeps its numbers: in memory of its own, or in memory that all threads of a process share. The policy
 * is the same either way.
 */
export interface Cells {
  /** Whole numbers. One of them alone may be read without the lock: it is never half written. */
  readonly words: Int32Array;
  /** Read and written under the lock only. */
  readonly numbers: Float64Array;
  readonly lock: Lock;
}

/** The right to change cells. Held for a few steps that cannot wait or throw; not to be entered twice. */
export interface Lock {
  /** Stands in a cell for what only one may have: the number of the thread plus one. */
  readonly holder: number;
  enter(): void;
  leave(): void;
}

/** How many numbers a policy keeps. */
export interface CellsSize {
  readonly words: number;
  readonly numbers: number;
}

/** Cells that nobody else has. */
export function ownCells({ words, numbers }: CellsSize): Cells {
  return { words: new Int32Array(words), numbers: new Float64Array(numbers), lock: ownLock };
}

/** One thread does one thing at a time. */
const ownLock: Lock = { holder: 1, enter() {}, leave() {} };
