import { type ManualClock, manualClock, type Random, seededRandom } from "../kernel/index.ts";
import type { BalancerName } from "./balance/balancer.ts";
import { balancer } from "./balance/index.ts";
import { type Cluster, type ClusterSettings, cluster, type PickHints } from "./cluster.ts";

/** An endpoint of a simulated service. */
export interface Placed {
  readonly id: string;
  readonly weight: number;
  readonly zone?: string;
}

/** What an endpoint does with one request. */
export interface Behaviour {
  readonly answerMs: number;
  readonly ok: boolean;
}

/** A service, its clients and a course of events, in virtual time. */
export interface Scene {
  readonly endpoints: readonly Placed[];
  readonly balance: BalancerName;
  readonly settings: ClusterSettings;
  readonly perSecond: number;
  readonly seconds: number;
  /** @param inFlight requests on that endpoint, this one included */
  readonly answer: (id: string, nowMs: number, inFlight: number, random: Random) => Behaviour;
  readonly hints?: (request: number) => PickHints;
  /** Things that happen, by the millisecond they happen at. */
  readonly events?: ReadonlyMap<number, (one: Cluster<Placed>) => void>;
}

/** What became of one request; without an endpoint it was refused. */
export interface Seen {
  readonly request: number;
  readonly atMs: number;
  readonly endpoint: string | undefined;
  readonly tookMs: number;
  readonly ok: boolean;
}

/** Endpoints `e0`, `e1`, … of equal weight. */
export function equals(count: number): Placed[] {
  return Array.from({ length: count }, (_, i) => ({ id: `e${i}`, weight: 1 }));
}

/** Plays a scene to its end and gives every request in the order they were sent. */
export function play(scene: Scene, seed = 11): readonly Seen[] {
  const clock: ManualClock = manualClock();
  const random = seededRandom(seed);
  const one = cluster<Placed>(scene.settings, {
    balancer: balancer(scene.balance, random),
    clock,
    random,
    zoneOf: ({ zone }) => zone,
  });
  one.adopt(scene.endpoints);
  const seen: Seen[] = [];
  const stepMs = 1_000 / scene.perSecond;
  const left = new Map(scene.events);
  const running = new Map<string, number>();
  for (let request = 0; request < scene.perSecond * scene.seconds; request++) {
    clock.advance(stepMs);
    const atMs = clock.now();
    for (const [dueMs, happen] of left) {
      if (dueMs > atMs) continue;
      left.delete(dueMs);
      happen(one);
    }
    const picked = one.pick(undefined, scene.hints?.(request));
    if (picked.kind !== "endpoint") {
      seen.push({ request, atMs, endpoint: undefined, tookMs: 0, ok: false });
      continue;
    }
    const { lease } = picked;
    const { id } = lease.endpoint;
    const inFlight = (running.get(id) ?? 0) + 1;
    running.set(id, inFlight);
    const { answerMs, ok } = scene.answer(id, atMs, inFlight, random);
    clock.after(answerMs, () => {
      running.set(id, (running.get(id) ?? 1) - 1);
      if (ok) lease.success();
      else lease.failure();
      lease[Symbol.dispose]();
    });
    seen.push({ request, atMs, endpoint: id, tookMs: answerMs, ok });
  }
  clock.advance(60_000);
  return seen;
}

/** The share of these requests that fits. */
export function shareOf(seen: readonly Seen[], fits: (one: Seen) => boolean): number {
  return seen.filter(fits).length / Math.max(1, seen.length);
}
