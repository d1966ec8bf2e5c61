import type { Lock } from "../cells.ts";

/** Looks at a lock before one sleeps: it is held for some hundred nanoseconds, unless its holder was put aside. */
const mostSpins = 100;
/** A sleeper looks again after this long: nobody who leaves has to ask whether somebody sleeps. */
const sleepMs = 1;

/**
 * A lock in one word of shared memory: 0, or the number of the thread that holds it plus one. The holder never waits and
 * never throws while it does; one that died is taken out with `forgetLock`.
 *
 * @param thread 0-based
 */
export function sharedLock(words: Int32Array<SharedArrayBuffer>, at: number, thread: number): Lock {
  const holder = thread + 1;
  return {
    holder,
    enter: () => enterLock(words, at, holder),
    leave: () => leaveLock(words, at),
  };
}

/** @throws Error when its holder enters it again, which would never end */
export function enterLock(words: Int32Array<SharedArrayBuffer>, at: number, holder: number): void {
  for (let spins = 0; ; spins++) {
    const found = Atomics.compareExchange(words, at, 0, holder);
    if (found === 0) return;
    if (found === holder) throw new Error("a lock was entered twice");
    if (spins >= mostSpins) Atomics.wait(words, at, found, sleepMs);
  }
}

export function leaveLock(words: Int32Array<SharedArrayBuffer>, at: number): void {
  Atomics.store(words, at, 0);
}

/** Frees it from a thread that is gone. */
export function forgetLock(words: Int32Array<SharedArrayBuffer>, at: number, thread: number): void {
  Atomics.compareExchange(words, at, thread + 1, 0);
}
