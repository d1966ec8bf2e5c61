import type { Balanced } from "./balancer.ts";

/** No endpoint takes more than this many times its fair share of the running requests. */
const loadFactor = 1.5;
/** An endpoint with fewer requests than this is not hot, whatever the others have. */
const fewestHot = 8;

/**
 * The first of `candidates` that is live and has room (Mirrokni, Thorup, Zadimoghaddam: consistent hashing with bounded
 * loads): a hot key spills to its next candidate instead of drowning one endpoint.
 *
 * @param candidates in order of preference, repeats allowed; those that are not live are skipped
 * @returns undefined when no candidate is live
 */
export function firstWithRoom<M extends Balanced>(
  candidates: Iterable<Balanced>,
  live: readonly M[],
): M | undefined {
  let running = 1;
  let weights = 0;
  for (const member of live) {
    running += member.load.inFlight;
    weights += member.weight;
  }
  let firstLive: M | undefined;
  for (const candidate of candidates) {
    const member = live.find((one) => one.id === candidate.id);
    if (member === undefined) continue;
    firstLive ??= member;
    const most = Math.max(fewestHot, Math.ceil((loadFactor * running * member.weight) / weights));
    if (member.load.inFlight < most) return member;
  }
  return firstLive;
}
