import type { Topic } from "./topics.ts";

/**
 * The index of the last change of each topic. Bounded: the topics that changed longest ago are forgotten, and every
 * topic not remembered has the index of the last one forgotten. So an index never goes backwards, and the price of
 * forgetting is one needless wake of who watches such a topic.
 */
export interface Versions {
  /** Index of the last change of a topic, ≥ 1. */
  of(topic: Topic): number;
  /** Notes that these topics changed at `index`, which must be higher than all before. */
  bump(touched: Iterable<Topic>, index: number): void;
}

/**
 * Two generations: what changes goes into the young one; when that is full, the old one is forgotten and the young one
 * grows old. Keeping all topics in order of change instead (delete, then set) costs a registry of 35,000 services a
 * millisecond of every write: a map that is deleted from all the time is mostly holes.
 *
 * @param floor index of a topic that never changed, ≥ 1: with 0 clients would ask again at once, forever
 * @param maxTopics how many are remembered at most; at least half as many are
 */
export function versions(floor: number, maxTopics: number = 400_000): Versions {
  let lowest = Math.max(1, floor);
  let young = new Map<Topic, number>();
  let old = new Map<Topic, number>();
  let youngest = lowest;
  let oldest = lowest;
  return {
    of: (topic) => young.get(topic) ?? old.get(topic) ?? lowest,
    bump(touched, index) {
      for (const topic of touched) {
        if (young.size >= maxTopics / 2 && !young.has(topic)) {
          lowest = oldest;
          oldest = youngest;
          old = young;
          young = new Map();
        }
        young.set(topic, index);
        youngest = index;
      }
    },
  };
}
