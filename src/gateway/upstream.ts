import { type Discovery, type Endpoint, tagged } from "../discovery/index.ts";
import { type Clock, type Random, serviceUrl, tryServiceUrl } from "../kernel/index.ts";
import {
  type BalancerName,
  type BreakerSettings,
  type BreakerState,
  type Bulkhead,
  balancer,
  bulkhead,
  type Cluster,
  cluster,
  gradient,
  type HedgePolicy,
  liveQuantile,
  type MemberView,
  ownPlaces,
  type RetryBudget,
  type RetryBudgetSettings,
  retryBudget,
  type SharedMemory,
  sharedCluster,
  sharedPlaces,
  sharedRetryBudget,
} from "../resilience/index.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { type Checks, checks } from "./policy/checks.ts";
import { targetOf, type UpstreamSettings } from "./section.ts";

/**
 * A service behind the gateway: its endpoints, kept fresh, and what was learned about them. State. Disposed, it is no
 * longer kept fresh; requests that began with it go on with the endpoints it has, and its connections end with the last.
 */
export interface Upstream extends Disposable {
  readonly service: string;
  /** A request begins that may ask its endpoints, and ends. */
  enter(): void;
  leave(): void;
  /** True when this is one of its endpoints, at this address. */
  has(endpoint: Endpoint): boolean;
  readonly cluster: Cluster<Endpoint>;
  readonly budget: RetryBudget;
  /** When second copies of slow requests are sent. */
  readonly hedge: HedgePolicy;
  /** What bounds its requests. */
  readonly room: Room;
  /** Resolves with the first endpoint set; only the first requests after a start ever wait for it. */
  readonly known: Promise<void> | undefined;
  /** Resolves with the first endpoint. */
  readonly reachable: Promise<void>;
  /** True where the gateway asks the endpoints itself how they are. */
  readonly checked: boolean;
  members(): readonly MemberView<Endpoint>[];
}

/** The place a service has for requests. */
export interface Room {
  readonly places: Bulkhead;
  /** True when the number of places is found from what is reported. */
  readonly adaptive: boolean;
  /** Reports an answer, so that an adaptive limit learns. One of 429 or 503 is a request that was dropped. */
  answered(status: number, rttMs: number, inFlight: number): void;
  /** Reports a request that the service did not answer in time. */
  dropped(): void;
}

export interface UpstreamOptions {
  readonly service: string;
  readonly balance: BalancerName;
  /** How it is asked, in a word: what threads know of endpoints they know together as long as they ask them alike. */
  readonly manner: string;
  /** What is written of this service alone, or the defaults. */
  readonly settings: UpstreamSettings;
  /** Our own zone. */
  readonly zone: string | undefined;
  /** Undefined means no breakers. */
  readonly breaker: BreakerSettings | undefined;
  /** What threads share that ask this service; undefined when one does. */
  readonly shared:
    | { readonly memory: SharedMemory; readonly thread: number; readonly threads: number }
    | undefined;
  readonly discovery: Discovery;
  readonly forwarder: Forwarder;
  /** Lets the connections to an endpoint go that this service no longer asks. */
  readonly retire: (endpoint: Endpoint) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly onBreaker: (endpoint: Endpoint, state: BreakerState) => void;
  /** Hears when active checks take an endpoint out or bring it back. */
  readonly onHealth: (endpoint: Endpoint, up: boolean) => void;
}

/** Follows a service until disposed. */
export function upstream(options: UpstreamOptions): Upstream {
  const { service, breaker, clock, random, settings, shared, zone } = options;
  const name = `${service} ${options.manner}`;
  const members = cluster<Endpoint>(
    {
      breaker,
      // Without breakers the operator wants to see every failure.
      outlier: breaker === undefined ? undefined : {},
      slowStartMs: settings.slow_start,
      zone,
      health: { downAfter: settings.health_check?.down_after, upAfter: settings.health_check?.up_after },
    },
    {
      balancer: balancer(settings.balance ?? options.balance, random),
      clock,
      random,
      onBreaker: options.onBreaker,
      zoneOf: ({ meta }) => meta.zone,
      memory: shared && sharedCluster(shared.memory, name, shared.thread),
      nameOf: placeOf,
    },
  );
  const active = activeChecks(options, members);
  const together =
    shared && sharedRetryBudget(shared.memory, { name, thread: shared.thread }, retriesOf(1), clock);
  const budget = together ?? retryBudget(retriesOf(shared?.threads ?? 1), clock);
  const first = Promise.withResolvers<void>();
  const some = Promise.withResolvers<void>();
  let waiting: Promise<void> | undefined = first.promise;
  let endpoints: readonly Endpoint[] = [];
  let running = 0;
  let over = false;

  const close = (): void => {
    const left = endpoints;
    endpoints = [];
    members[Symbol.dispose]();
    together?.[Symbol.dispose]();
    for (const endpoint of left) options.retire(endpoint);
  };
  const adopt = (next: readonly Endpoint[]): void => {
    const stays = new Set(next.map(placeOf));
    const gone = endpoints.filter((endpoint) => !stays.has(placeOf(endpoint)));
    const known = new Set(endpoints.map(placeOf));
    endpoints = next;
    // First without those that moved: what was learned about the old address says nothing about the new one.
    members.adopt(next.filter((endpoint) => known.has(placeOf(endpoint))));
    members.adopt(next);
    active?.adopt(next);
    for (const endpoint of gone) options.retire(endpoint);
    waiting = undefined;
    first.resolve();
    if (next.length > 0) some.resolve();
  };
  const written = settings.endpoints ?? [serviceUrl(targetOf(service))];
  // Instances with a tag may come at any time, or never.
  if (written.every((address) => tryServiceUrl(address)?.target.tag !== undefined)) some.resolve();
  const watch = followed(written, options, adopt);

  return {
    service,
    enter: () => void running++,
    leave() {
      running--;
      if (over && running === 0) close();
    },
    has: (endpoint) => endpoints.some((one) => placeOf(one) === placeOf(endpoint)),
    cluster: members,
    budget,
    hedge: {
      delay: liveQuantile(0.95, clock),
      budget: retryBudget({ ratio: hedgeShare, minPerSecond: 0 }, clock),
      clock,
    },
    room: roomOf(options),
    get known() {
      return waiting;
    },
    reachable: some.promise,
    checked: active !== undefined,
    members: () => members.members(),
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      active?.[Symbol.dispose]();
      over = true;
      waiting = undefined;
      first.resolve();
      if (running === 0) close();
    },
  };
}

/** Retries that are always allowed, of all threads together. */
const retriesPerSecond = 10;

/** The budget of one of so many threads. */
function retriesOf(threads: number): RetryBudgetSettings {
  return { minPerSecond: retriesPerSecond / threads };
}

/** Second copies as a share of the requests. */
const hedgeShare = 0.02;

function activeChecks(options: UpstreamOptions, members: Cluster<Endpoint>): Checks | undefined {
  const check = options.settings.health_check;
  if (check === undefined) return undefined;
  const { forwarder, clock, random, onHealth } = options;
  return checks(check, {
    forwarder,
    clock,
    random,
    onChecked(endpoint, passed) {
      if (members.checked(endpoint.id, passed)) onHealth(endpoint, passed);
    },
  });
}

function roomOf({ settings, service, shared, clock }: UpstreamOptions): Room {
  const { thread, threads } = shared ?? { thread: 0, threads: 1 };
  const together = (name: string) =>
    shared === undefined ? ownPlaces() : sharedPlaces(shared.memory, name, thread);
  const [ran, waited] = [together(service), together(`${service}\nline`)];
  const { max_in_flight, queue_timeout: maxWaitMs } = settings;
  // More services than rows: then each thread has its part.
  const most = ran === undefined ? Math.max(1, shareOf(max_in_flight, thread, threads)) : max_in_flight;
  const maxQueued =
    waited === undefined ? shareOf(settings.max_queued, thread, threads) : settings.max_queued;
  const adaptive = settings.adaptive
    ? gradient({ minLimit: Math.min(20, most), maxLimit: most }, clock)
    : undefined;
  const places = bulkhead({ limit: () => adaptive?.limit ?? most, maxQueued, maxWaitMs }, clock, {
    places: ran ?? ownPlaces(),
    line: waited ?? ownPlaces(),
  });
  return {
    places,
    adaptive: adaptive !== undefined,
    answered(status, rttMs, inFlight) {
      if (status === 429 || status === 503) adaptive?.dropped();
      else adaptive?.observe(rttMs, inFlight);
    },
    dropped: () => adaptive?.dropped(),
  };
}

/** Tells the instances of a service: those of the registry, or what the file names in their place. */
function followed(
  written: readonly string[],
  { service, discovery }: UpstreamOptions,
  adopt: (endpoints: readonly Endpoint[]) => void,
): Disposable {
  const watches = new DisposableStack();
  const known: (readonly Endpoint[])[] = written.map(() => []);
  const tell = (index: number, endpoints: readonly Endpoint[]): void => {
    known[index] = endpoints;
    adopt(known.flat());
  };
  for (const [index, address] of written.entries()) {
    const target = tryServiceUrl(address)?.target;
    if (target === undefined) tell(index, [fixedEndpoint(service, address)]);
    else {
      const of = target.tag === undefined ? discovery : tagged(discovery, target.tag);
      watches.use(of.watch(target.name, (set) => tell(index, set.endpoints)));
    }
  }
  return watches;
}

/** The part of one thread; those of all add up to the whole. */
function shareOf(whole: number, thread: number, threads: number): number {
  return Math.floor(whole / threads) + (thread < whole % threads ? 1 : 0);
}

/** An endpoint of the file: its address is its name. */
function fixedEndpoint(service: string, address: string): Endpoint {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  return { id: address, service, host, port: Number(address.slice(at + 1)), meta: {}, tags: [], weight: 1 };
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
