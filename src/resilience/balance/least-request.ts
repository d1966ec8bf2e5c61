import type { Random } from "../../kernel/index.ts";
import type { Balanced, Balancer } from "./balancer.ts";

/** The one with the fewest running requests per weight; chance decides among equals. */
export function leastRequest(random: Random): Balancer {
  return {
    name: "least_request",
    pick<M extends Balanced>(live: readonly M[]): M | undefined {
      let best: M | undefined;
      let bestLoad = Number.POSITIVE_INFINITY;
      let equals = 0;
      for (const member of live) {
        const load = (member.load.inFlight + 1) / member.weight;
        if (load > bestLoad) continue;
        equals = load < bestLoad ? 1 : equals + 1;
        bestLoad = load;
        // The k-th equal one replaces the choice with chance 1/k: each ends up chosen equally often.
        if (random.below(equals) === 0) best = member;
      }
      return best;
    },
  };
}
