import type { Endpoint } from "./endpoint.ts";

/**
 * What to show while a registry comes back: all it says now, plus what we knew and it does not say yet. Right after
 * a restart a registry may answer with none or a part of its instances; believing it would take a healthy fleet out
 * of service. Instances that are really gone cost a failed try each until the grace is over.
 */
export function withoutRemovals(before: readonly Endpoint[], now: readonly Endpoint[]): Endpoint[] {
  const told = new Set(now.map((endpoint) => endpoint.id));
  return [...now, ...before.filter((endpoint) => !told.has(endpoint.id))];
}
