import type { Random } from "../../kernel/index.ts";
import type { Balanced, Balancer } from "./balancer.ts";

/** Any of them, in proportion to weight. */
export function randomly(random: Random): Balancer {
  return {
    name: "random",
    pick<M extends Balanced>(live: readonly M[]): M | undefined {
      let left = random.next() * live.reduce((sum, member) => sum + member.weight, 0);
      for (const member of live) {
        left -= member.weight;
        if (left < 0) return member;
      }
      return live.at(-1);
    },
  };
}
