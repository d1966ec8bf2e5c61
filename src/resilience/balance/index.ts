import type { Random } from "../../kernel/index.ts";
import type { Balancer, BalancerName } from "./balancer.ts";
import { leastRequest } from "./least-request.ts";
import { maglev } from "./maglev.ts";
import { p2cEwma } from "./p2c-ewma.ts";
import { randomly } from "./random.ts";
import { ringHash } from "./ring-hash.ts";
import { roundRobin } from "./round-robin.ts";

/** The balancer of a name as written in the file. */
export function balancer(name: BalancerName, random: Random): Balancer {
  switch (name) {
    case "p2c_ewma":
      return p2cEwma(random);
    case "round_robin":
      return roundRobin();
    case "least_request":
      return leastRequest(random);
    case "random":
      return randomly(random);
    case "ring_hash":
      return ringHash(random);
    case "maglev":
      return maglev(random);
    default:
      return name satisfies never;
  }
}
