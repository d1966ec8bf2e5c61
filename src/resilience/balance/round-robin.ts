import type { Balanced, Balancer } from "./balancer.ts";

/**
 * Each in turn, by weight and smoothly (nginx): every endpoint gains its weight, the richest is chosen and pays the
 * sum. A new endpoint enters in the middle of the order, not with a burst.
 */
export function roundRobin(): Balancer {
  const credit = new WeakMap<Balanced, number>();
  return {
    name: "round_robin",
    pick<M extends Balanced>(live: readonly M[]): M | undefined {
      let best: M | undefined;
      let bestCredit = Number.NEGATIVE_INFINITY;
      let total = 0;
      for (const member of live) {
        const own = (credit.get(member) ?? 0) + member.weight;
        credit.set(member, own);
        total += member.weight;
        if (own <= bestCredit) continue;
        best = member;
        bestCredit = own;
      }
      if (best !== undefined) credit.set(best, bestCredit - total);
      return best;
    },
  };
}
