import type { Balanced } from "./balance/balancer.ts";

/** What the choice of a zone looks at. */
export interface Zoned extends Balanced {
  readonly zone: string | undefined;
}

/** Traffic leaves the zone when its endpoints run this many times the requests of the others, per weight. */
const spillFactor = 2;

/**
 * The endpoints of the own zone, as long as they are there and can carry it; else all of them. A request that stays in
 * its zone is faster and is not billed, but not when that drowns the few who are near.
 */
export function nearest<M extends Zoned>(live: readonly M[], zone: string): readonly M[] {
  const near = live.filter((member) => member.zone === zone);
  if (near.length === 0 || near.length === live.length) return live;
  const far = live.filter((member) => member.zone !== zone);
  // One more on either side: an idle fleet stays in its zone.
  return busyness(near) > spillFactor * busyness(far) ? live : near;
}

function busyness(members: readonly Zoned[]): number {
  let running = 0;
  let weights = 0;
  for (const { load, weight } of members) {
    running += load.inFlight + 1;
    weights += weight;
  }
  return running / weights;
}
