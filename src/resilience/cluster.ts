import type { Clock, Random } from "../kernel/index.ts";
import type { Balancer } from "./balance/balancer.ts";
import type { Breaker, BreakerSettings, BreakerState, Permit } from "./breaker.ts";
import { type ClusterMemory, ownClusterMemory, wholeNumber, wholeWord } from "./cluster-memory.ts";
import type { HealthSettings } from "./health.ts";
import { EndpointLease, type Lease } from "./lease.ts";
import type { LoadSettings } from "./load.ts";
import { type Located, Member } from "./member.ts";
import { type OutlierSettings, sweepOutliers } from "./outlier.ts";
import { nearest } from "./zone.ts";

export interface ClusterSettings {
  /** Undefined means no breakers. */
  readonly breaker?: BreakerSettings | undefined;
  readonly load?: LoadSettings;
  /**
   * Below this share of available endpoints, breakers probe at their first pace again, and what checks and comparisons
   * say is disregarded: who finds most of a service bad is more likely to be wrong himself. Default 0.5.
   */
  readonly panicBelow?: number;
  /** Undefined means that endpoints are not compared. */
  readonly outlier?: OutlierSettings | undefined;
  /** When active checks take an endpoint out and bring it back. */
  readonly health?: HealthSettings | undefined;
  /** How long an endpoint that comes or comes back takes to get its full share; default 0. */
  readonly slowStartMs?: number | undefined;
  /** Our own zone; undefined means that all are equally near. */
  readonly zone?: string | undefined;
}

export interface ClusterPorts<E extends Located> {
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears each change of an endpoint's breaker that was made here. Must not throw. */
  readonly onBreaker?: (endpoint: E, state: BreakerState) => void;
  readonly zoneOf?: (endpoint: E) => string | undefined;
  /** Where is kept what others must know who ask the same endpoints; default: nobody else does. */
  readonly memory?: ClusterMemory | undefined;
  /** The name of an endpoint there; default: its id. */
  readonly nameOf?: (endpoint: E) => string;
}

/** What a request wishes of the choice. */
export interface PickHints {
  /** What the request is about, for `ring_hash` and `maglev`. */
  readonly key?: string | undefined;
  /** Mark of the endpoint it was at before (`Lease.mark`); taken as long as that one is live. */
  readonly mark?: string | undefined;
}

/** The answer to `pick`. */
export type Picked<E extends Located> =
  | { readonly kind: "endpoint"; readonly lease: Lease<E> }
  /** The set is empty. */
  | { readonly kind: "none" }
  /** Every breaker is open; the first one probes at this monotonic time. */
  | { readonly kind: "open"; readonly untilMs: number };

/**
 * The endpoints of one service with what is known of each: load, breaker, health. State, across endpoint sets. Disposed, it
 * lets go of what it shares with others; whoever still asks gets an endpoint of which nothing is known.
 */
export interface Cluster<E extends Located> extends Disposable {
  /** Takes over a new set. Endpoints that stay, by id, keep their state; the others' state goes with them. */
  adopt(endpoints: readonly E[]): void;
  /** Chooses an endpoint, preferring those whose ids are not in `tried`, and reserves a request on it. */
  pick(tried?: ReadonlySet<string>, hints?: PickHints): Picked<E>;
  /** True while the endpoint of a mark (`Lease.mark`) is live: a request with that mark comes to it. */
  isLive(mark: string): boolean;
  /** Reports an active check of an endpoint; true when that took it out or brought it back. */
  checked(id: string, passed: boolean): boolean;
  /** What is known now, for metrics and admin pages. */
  members(): readonly MemberView<E>[];
}

export interface MemberView<E extends Located> {
  readonly endpoint: E;
  /** Requests that were sent from here. */
  readonly inFlight: number;
  readonly costMs: number;
  readonly breaker: BreakerState;
  /** False while active checks fail. */
  readonly up: boolean;
  /** True while it is left out because it fails more than its fellows. */
  readonly ejected: boolean;
}

/** @example const users = cluster({ breaker: {} }, { balancer: balancer("p2c_ewma", random), clock, random }); */
export function cluster<E extends Located>(settings: ClusterSettings, ports: ClusterPorts<E>): Cluster<E> {
  return new EndpointCluster(settings, ports);
}

class EndpointCluster<E extends Located> implements Cluster<E> {
  readonly #settings: ClusterSettings;
  readonly #ports: ClusterPorts<E>;
  #members: readonly Member<E>[] = [];
  /** Those with a closed breaker that are well; undefined after a change, until somebody asks. */
  #live: readonly Member<E>[] | undefined;
  /** Those whose breaker is not closed. */
  #open: readonly Member<E>[] = [];
  #memory: ClusterMemory;
  /** Changes of who is in, when the live and the open ones were last told apart. */
  #seenChanges = 0;
  /** When a probe last succeeded, and when endpoints are compared next: as it was when it was last looked at. */
  #recoveredMs = 0;
  #nextSweepMs: number;

  constructor(settings: ClusterSettings, ports: ClusterPorts<E>) {
    this.#settings = settings;
    this.#ports = ports;
    this.#memory = ports.memory ?? ownClusterMemory();
    this.#nextSweepMs =
      settings.outlier === undefined ? Number.POSITIVE_INFINITY : ports.clock.now() + this.#sweepMs;
  }

  adopt(endpoints: readonly E[]): void {
    const known = new Map(this.#members.map((member) => [member.id, member]));
    this.#members = endpoints.map((endpoint) => {
      const member = known.get(endpoint.id) ?? this.#member(endpoint);
      member.endpoint = endpoint;
      member.baseWeight = Math.max(1, endpoint.weight);
      member.zone = this.#ports.zoneOf?.(endpoint);
      known.delete(endpoint.id);
      return member;
    });
    for (const gone of known.values()) gone.leave();
    this.#live = undefined;
    // By the weight that was asked for: a slow start must not move keys about.
    this.#ports.balancer.adopt?.(
      this.#members.map(({ id, baseWeight: weight, load }) => ({ id, weight, load })),
    );
  }

  pick(tried?: ReadonlySet<string>, hints?: PickHints): Picked<E> {
    if (this.#members.length === 0) return { kind: "none" };
    if (this.#ports.clock.now() >= this.#nextSweepMs) this.#sweep();
    const live = this.#settled();
    const probe = this.#open.length === 0 ? undefined : this.#dueProbe(tried);
    if (probe !== undefined) return this.#lease(probe.member, probe.permit);
    const chosen = this.#choose(live, tried, hints);
    if (chosen === undefined) return { kind: "open", untilMs: this.#firstProbeMs() };
    const admission = chosen.breaker?.tryAcquire();
    // Another thread opened it since it was looked at: it is live no more, but others may be.
    if (admission?.admitted === false) {
      this.#live = undefined;
      return this.pick(tried, hints);
    }
    return this.#lease(chosen, admission?.permit);
  }

  isLive(mark: string): boolean {
    return this.#settled().some((member) => member.mark === mark);
  }

  checked(id: string, passed: boolean): boolean {
    const member = this.#members.find((one) => one.id === id);
    if (member?.health.report(passed) !== true) return false;
    if (passed) member.restart();
    this.#live = undefined;
    return true;
  }

  members(): readonly MemberView<E>[] {
    return this.#members.map(({ endpoint, load, breaker, health, outlier }) => ({
      endpoint,
      inFlight: load.ownInFlight,
      costMs: load.cost(),
      breaker: breaker?.state ?? "closed",
      up: health.up,
      ejected: outlier.out,
    }));
  }

  [Symbol.dispose](): void {
    const endpoints = this.#members.map(({ endpoint }) => endpoint);
    this.adopt([]);
    this.#memory[Symbol.dispose]();
    this.#memory = ownClusterMemory();
    this.adopt(endpoints);
  }

  /** The one it was at before, else the balancer's choice: not tried before fresh, near before far. */
  #choose(
    live: readonly Member<E>[],
    tried: ReadonlySet<string> | undefined,
    hints: PickHints | undefined,
  ): Member<E> | undefined {
    let candidates = live;
    if (tried !== undefined && tried.size > 0) {
      const fresh = live.filter(({ id }) => !tried.has(id));
      if (fresh.length > 0) candidates = fresh;
    }
    if (hints?.mark !== undefined) {
      const before = candidates.find(({ mark }) => mark === hints.mark);
      if (before !== undefined) return before;
    }
    if (this.#settings.zone !== undefined) candidates = nearest(candidates, this.#settings.zone);
    return this.#ports.balancer.pick(candidates, hints?.key);
  }

  /** How often who is in has changed, by whomever. */
  get #changes(): number {
    return this.#memory.whole.words[wholeWord.changes] ?? 0;
  }

  /** Tells everybody that somebody is in or out. */
  #changed(): void {
    const { words, lock } = this.#memory.whole;
    lock.enter();
    words[wholeWord.changes] = (this.#changes + 1) | 0;
    lock.leave();
  }

  /** The live ones, as they were last told apart, unless something has changed since. */
  #settled(): readonly Member<E>[] {
    return this.#live !== undefined && this.#changes === this.#seenChanges ? this.#live : this.#settle();
  }

  /** Sorts the endpoints into live and open after something changed. */
  #settle(): readonly Member<E>[] {
    // First: what changes from here on is looked at by the next request.
    this.#seenChanges = this.#changes;
    for (const member of this.#members) member.look();
    const { numbers, lock } = this.#memory.whole;
    lock.enter();
    this.#recoveredMs = numbers[wholeNumber.recoveredMs] ?? 0;
    lock.leave();
    const closed: Member<E>[] = [];
    const open: Member<E>[] = [];
    // Asked once each: another thread may change it meanwhile.
    for (const member of this.#members) (member.closed ? closed : open).push(member);
    this.#open = open;
    const well = this.#members.filter((member) => member.well).length;
    const panic = well < this.#members.length * this.#panicBelow;
    const trusted = panic ? closed : closed.filter((member) => member.well);
    // Better an endpoint of bad repute than none: its own breaker is closed.
    this.#live = trusted.length > 0 ? trusted : closed;
    return this.#live;
  }

  get #panicBelow(): number {
    return this.#settings.panicBelow ?? 0.5;
  }

  get #sweepMs(): number {
    return this.#settings.outlier?.sweepMs ?? 10_000;
  }

  /** Compares the endpoints, unless somebody else has done so meanwhile. */
  #sweep(): void {
    const now = this.#ports.clock.now();
    const { numbers, lock } = this.#memory.whole;
    const nextMs = now + this.#sweepMs;
    lock.enter();
    const dueMs = numbers[wholeNumber.nextSweepMs] ?? 0;
    const due = now >= dueMs;
    this.#nextSweepMs = due ? nextMs : dueMs;
    const records = due ? this.#members.map(({ outlier }) => outlier.read()) : [];
    if (due) numbers[wholeNumber.nextSweepMs] = nextMs;
    const changed = due && sweepOutliers(records, this.#settings.outlier ?? {}, now);
    for (const [i, record] of records.entries()) this.#members[i]?.outlier.write(record);
    lock.leave();
    if (changed) this.#changed();
  }

  /**
   * An endpoint whose pause is over gets the next request: its cost would keep the balancer away from it for as
   * long as its failures are remembered.
   */
  #dueProbe(tried: ReadonlySet<string> | undefined): { member: Member<E>; permit: Permit } | undefined {
    const available = (this.#members.length - this.#open.length) / this.#members.length;
    const panic = available > 0 && available < this.#panicBelow;
    for (const member of this.#open) {
      const { breaker } = member;
      if (breaker === undefined || tried?.has(member.id) === true) continue;
      const admission = breaker.tryAcquire(panic || this.#isNewsFor(breaker) ? "eager" : "patient");
      if (admission.admitted) return { member, permit: admission.permit };
    }
    return undefined;
  }

  /**
   * An endpoint that recovered is news for those that failed before it did: what had befallen them all may be over.
   * Each of them probes at its first pace once; together with panic this has a recovered service back at once.
   */
  #isNewsFor(breaker: Breaker): boolean {
    return breaker.openedMs < this.#recoveredMs;
  }

  #firstProbeMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { breaker } of this.#members) first = Math.min(first, breaker?.untilMs ?? first);
    return first;
  }

  #member(endpoint: E): Member<E> {
    const { clock, random, onBreaker, nameOf } = this.#ports;
    const { whole } = this.#memory;
    const member: Member<E> = new Member(endpoint, this.#settings, {
      clock,
      random,
      memory: this.#memory.endpoint(nameOf?.(endpoint) ?? endpoint.id),
      onBreaker: (state) => {
        if (state === "closed") {
          whole.lock.enter();
          whole.numbers[wholeNumber.recoveredMs] = clock.now();
          whole.lock.leave();
        }
        this.#changed();
        onBreaker?.(member.endpoint, state);
      },
    });
    return member;
  }

  #lease(member: Member<E>, permit: Permit | undefined): Picked<E> {
    return { kind: "endpoint", lease: new EndpointLease(member, permit, this.#ports.clock) };
  }
}
