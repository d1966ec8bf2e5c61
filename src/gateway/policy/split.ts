import type { Random } from "../../kernel/index.ts";
import { hash32 } from "../../resilience/index.ts";
import type { Visit } from "./visit.ts";
import { keyOf } from "./visit.ts";

/** Chooses among what requests are split over. */
export type Split<T> = (visit: Visit) => T;

/**
 * By weight. With `hash`, equal keys get the same choice, and when a weight grows from 5 to 10 those who were in the
 * first five stay in: a client does not jump to and fro between two versions.
 *
 * @param parts in the order of the file; at least one weighs more than 0
 * @param place of a key, uniform in [0, 1)
 */
export function split<T>(
  parts: readonly (readonly [T, number])[],
  hash: string | undefined,
  place: (key: string) => number,
  random: Random,
): Split<T> {
  const live = parts.filter(([, weight]) => weight > 0);
  const total = live.reduce((sum, [, weight]) => sum + weight, 0);
  const [first] = live;
  if (first === undefined) throw new RangeError("a split needs a part that weighs more than 0");
  return (visit) => {
    const key = hash === undefined ? undefined : keyOf(hash, visit);
    let left = (key === undefined ? random.next() : place(key)) * total;
    // From the last to the first: the newcomer is written last, and grows into the same clients' share.
    for (const [part, weight] of live.toReversed()) {
      left -= weight;
      if (left < 0) return part;
    }
    return first[0];
  };
}

/** The place of a key: the same in every process. */
export function placeOfKey(key: string): number {
  return hash32(key, splitSeed) / 2 ** 32;
}

/** Not the balancers' seed: who is in the canary must not all sit on one instance. */
const splitSeed = 5;
