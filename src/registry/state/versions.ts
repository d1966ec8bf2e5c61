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
 * @param floor index of a topic that never changed, ≥ 1: with 0 clients would ask again at once, forever
 * @param maxTopics how many are remembered
 */
export function versions(floor: number, maxTopics: number = 200_000): Versions {
  let lowest = Math.max(1, floor);
  // Kept in order of change: the first is the one that changed longest ago.
  const known = new Map<Topic, number>();
  return {
    of: (topic) => known.get(topic) ?? lowest,
    bump(touched, index) {
      for (const topic of touched) {
        known.delete(topic);
        known.set(topic, index);
      }
      for (const [topic, at] of known) {
        if (known.size <= maxTopics) break;
        known.delete(topic);
        lowest = at;
      }
    },
  };
}
