import type { Discovery, Endpoint } from "../discovery/index.ts";
import type { Clock, Random } from "../kernel/index.ts";
import {
  type BalancerName,
  type BreakerSettings,
  type BreakerState,
  balancer,
  type Cluster,
  cluster,
  type MemberView,
  type RetryBudget,
  retryBudget,
} from "../resilience/index.ts";
import type { Forwarder } from "./forward/forwarder.ts";

/** A service behind the gateway: its endpoints, kept fresh, and what was learned about them. State. */
export interface Upstream extends Disposable {
  readonly service: string;
  readonly cluster: Cluster<Endpoint>;
  readonly budget: RetryBudget;
  /** Resolves with the first endpoint set; only the first requests after a start ever wait for it. */
  readonly known: Promise<void> | undefined;
  /** Resolves with the first endpoint. */
  readonly reachable: Promise<void>;
  members(): readonly MemberView<Endpoint>[];
}

export interface UpstreamOptions {
  readonly service: string;
  readonly balance: BalancerName;
  /** Undefined means no breakers. */
  readonly breaker: BreakerSettings | undefined;
  readonly discovery: Discovery;
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly random: Random;
  readonly onBreaker: (endpoint: Endpoint, state: BreakerState) => void;
  /** Hears of each endpoint that left. */
  readonly onGone: (endpoint: Endpoint) => void;
}

/** Follows a service until disposed. */
export function upstream(options: UpstreamOptions): Upstream {
  const { service, breaker, clock, random } = options;
  const members = cluster<Endpoint>(
    { breaker },
    { balancer: balancer(options.balance, random), clock, random, onBreaker: options.onBreaker },
  );
  const first = Promise.withResolvers<void>();
  const some = Promise.withResolvers<void>();
  let waiting: Promise<void> | undefined = first.promise;
  let endpoints: readonly Endpoint[] = [];

  const adopt = (next: readonly Endpoint[]): void => {
    const stays = new Set(next.map(placeOf));
    const gone = endpoints.filter((endpoint) => !stays.has(placeOf(endpoint)));
    const known = new Set(endpoints.map(placeOf));
    endpoints = next;
    // First without those that moved: what was learned about the old address says nothing about the new one.
    members.adopt(next.filter((endpoint) => known.has(placeOf(endpoint))));
    members.adopt(next);
    for (const endpoint of gone) {
      options.forwarder.retire(endpoint);
      options.onGone(endpoint);
    }
    waiting = undefined;
    first.resolve();
    if (next.length > 0) some.resolve();
  };
  const watch = options.discovery.watch(service, (set) => adopt(set.endpoints));

  return {
    service,
    cluster: members,
    budget: retryBudget({}, clock),
    get known() {
      return waiting;
    },
    reachable: some.promise,
    members: () => members.members(),
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      adopt([]);
    },
  };
}

/** How long the first requests after a start wait for the first endpoint set. */
const firstSetMs = 1_000;

/** Waits until something is known of a service, for as long as that may take. */
export async function firstSet({ known }: Upstream, clock: Clock): Promise<void> {
  if (known === undefined) return;
  const late = Promise.withResolvers<void>();
  const timer = clock.after(firstSetMs, late.resolve);
  await Promise.race([known, late.promise]);
  timer.cancel();
}

/** An id that came back at another address is another endpoint to the connections. */
function placeOf({ id, host, port }: Endpoint): string {
  return `${id} ${host} ${port}`;
}
