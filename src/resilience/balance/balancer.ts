import type { Load } from "../load.ts";

/** What a balancer sees of an endpoint. */
export interface Balanced {
  /** Relative share of traffic, at least 1. */
  readonly weight: number;
  readonly load: Load;
}

/** Chooses among endpoints; its name is the word in the file. */
export interface Balancer {
  readonly name: BalancerName;
  /** One of `live`; undefined only when it is empty. */
  pick<M extends Balanced>(live: readonly M[]): M | undefined;
}

export const balancerNames = ["p2c_ewma", "round_robin", "least_request", "random"] as const;

export type BalancerName = (typeof balancerNames)[number];
