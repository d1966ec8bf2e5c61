import { type ManualClock, manualClock, type Random, seededRandom } from "../../../src/kernel/index.ts";
import {
  type BalancerName,
  backoff,
  balancer,
  type Cluster,
  type ClusterSettings,
  cluster,
  type Located,
  retry,
  retryBudget,
  type Tried,
} from "../../../src/resilience/index.ts";

/** What an endpoint does with one request, at the moment it comes. */
export interface Behaviour {
  readonly answerMs: number;
  readonly ok: boolean;
}

/** How a service behaves: by endpoint and time. */
export type Service = (endpoint: number, nowMs: number, random: Random) => Behaviour;

/** How the clients of a service ask. */
export interface Manner {
  readonly balance: BalancerName;
  readonly cluster: ClusterSettings;
  readonly retries: number;
  /** Undefined: retries without a budget, as most libraries do them. */
  readonly budget: boolean;
}

/** The policies as they are by default. */
export const ours: Manner = {
  balance: "p2c_ewma",
  cluster: { breaker: {}, outlier: {} },
  retries: 1,
  budget: true,
};
/** Plain round robin: no breaker, no budget. */
export const roundRobin: Manner = { balance: "round_robin", cluster: {}, retries: 1, budget: false };

export interface Schedule {
  readonly seed: number;
  readonly endpoints: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly service: Service;
}

/** What came of one request, as its client saw it. */
export interface Seen {
  readonly atMs: number;
  readonly tookMs: number;
  readonly ok: boolean;
}

export interface Arrival {
  readonly atMs: number;
  readonly endpoint: number;
}

export interface Told {
  readonly seen: readonly Seen[];
  /** Requests that reached an endpoint. */
  readonly arrivals: readonly Arrival[];
}

const stepMs = 1;

/**
 * Plays one schedule in virtual time: requests arrive as a Poisson stream and go through the same `cluster`, balancer,
 * breakers, `retry` and budget that gateway and client use.
 */
export async function play(schedule: Schedule, manner: Manner): Promise<Told> {
  const clock = manualClock();
  const random = seededRandom(schedule.seed);
  const one = cluster<Located & { readonly number: number }>(manner.cluster, {
    balancer: balancer(manner.balance, random),
    clock,
    random,
  });
  one.adopt(
    Array.from({ length: schedule.endpoints }, (_, number) => ({ id: `e${number}`, weight: 1, number })),
  );
  const told = { seen: [] as Seen[], arrivals: [] as Arrival[] };
  const ask = client(one, schedule.service, manner, { clock, random, arrivals: told.arrivals });
  let nextMs = gap(random, schedule.perSecond);
  const endMs = schedule.seconds * 1_000;
  let open = 0;
  while (clock.now() < endMs || open > 0) {
    clock.advance(stepMs);
    for (; nextMs <= clock.now() && nextMs < endMs; nextMs += gap(random, schedule.perSecond)) {
      open++;
      const atMs = clock.now();
      void ask().then((ok) => {
        open--;
        told.seen.push({ atMs, tookMs: clock.now() - atMs, ok });
      });
    }
    await settled();
  }
  return told;
}

type Target = Cluster<Located & { readonly number: number }>;

interface ClientPorts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly arrivals: Arrival[];
}

function client(one: Target, service: Service, manner: Manner, ports: ClientPorts): () => Promise<boolean> {
  const { clock, random, arrivals } = ports;
  const policy = {
    retries: manner.retries,
    backoff: backoff({}, random),
    budget: manner.budget ? retryBudget({}, clock) : { deposit: () => {}, tryWithdraw: () => true },
    clock,
  };
  const once = async (tried: Set<string>): Promise<Tried<boolean>> => {
    const picked = one.pick(tried);
    if (picked.kind !== "endpoint") return { value: false, failure: { kind: "final" } };
    using lease = picked.lease;
    tried.add(lease.endpoint.id);
    arrivals.push({ atMs: clock.now(), endpoint: lease.endpoint.number });
    const { answerMs, ok } = service(lease.endpoint.number, clock.now(), random);
    await clock.sleep(answerMs);
    if (ok) lease.success();
    else lease.failure();
    return ok ? { value: true } : { value: false, failure: { kind: "status", status: 503 } };
  };
  return async () => {
    const tried = new Set<string>();
    const request = { repeatable: true, deadlineMs: clock.now() + 30_000 };
    return (await retry(policy, request, () => once(tried))).value;
  };
}

/** Lets everything that is due run before time moves on. */
export const settled = (): Promise<void> => new Promise(setImmediate);

/** Time to the next arrival of a Poisson stream. */
export function gap(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.next()) * 1_000) / perSecond;
}

/** Between 5 and 25 ms: a service that is well. */
export function well(random: Random): Behaviour {
  return { answerMs: 5 + random.next() * 20, ok: true };
}

/** The smallest time that `share` of the values stay at or below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
