import type { Load } from "../load.ts";

/** What a balancer sees of an endpoint. */
export interface Balanced {
  /** Stable name; what the hashing balancers place on their tables. */
  readonly id: string;
  /** Relative share of traffic, more than 0. */
  readonly weight: number;
  readonly load: Load;
}

/** Chooses among endpoints; its name is the word in the file. */
export interface Balancer {
  readonly name: BalancerName;
  /**
   * One of `live`; undefined only when it is empty.
   *
   * @param key what the request is about, for the balancers that keep equal keys together; the others ignore it
   */
  pick<M extends Balanced>(live: readonly M[], key?: string): M | undefined;
  /** Hears of the whole set, live or not, so that a table outlasts endpoints that fail for a moment. */
  adopt?(members: readonly Balanced[]): void;
}

export const balancerNames = [
  "p2c_ewma",
  "round_robin",
  "least_request",
  "random",
  "ring_hash",
  "maglev",
] as const;

export type BalancerName = (typeof balancerNames)[number];
