import type { Random } from "../../kernel/index.ts";
import type { Balanced, Balancer } from "./balancer.ts";

/**
 * The cheaper of two endpoints drawn at random. Two draws bring the longest queue from ln n / ln ln n down to
 * ln ln n / ln 2 (Mitzenmacher) without everybody running to the same best one.
 */
export function p2cEwma(random: Random): Balancer {
  return {
    name: "p2c_ewma",
    pick(live) {
      const first = random.below(live.length);
      if (live.length < 2) return live[0];
      const shifted = random.below(live.length - 1);
      const second = shifted >= first ? shifted + 1 : shifted;
      return cheaper(live[first], live[second]);
    },
  };
}

function cheaper<M extends Balanced>(a: M | undefined, b: M | undefined): M | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.load.cost() / b.weight < a.load.cost() / a.weight ? b : a;
}
