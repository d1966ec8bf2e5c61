import type { Clock, Random } from "../kernel/index.ts";
import type { Balancer } from "./balance/balancer.ts";
import { type Breaker, type BreakerSettings, type BreakerState, breaker, type Permit } from "./breaker.ts";
import { failureCostMs, type Load, type LoadSettings, longestFailureCostMs, peakEwma } from "./load.ts";

/** The least a cluster must know of an endpoint. */
export interface Located {
  /** Its state is kept under this name from set to set. */
  readonly id: string;
  /** Relative share of traffic, at least 1. */
  readonly weight: number;
}

export interface ClusterSettings {
  /** Undefined means no breakers. */
  readonly breaker?: BreakerSettings | undefined;
  readonly load?: LoadSettings;
  /** Below this share of available endpoints, breakers probe at their first pace again; default 0.5. */
  readonly panicBelow?: number;
}

export interface ClusterPorts<E extends Located> {
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears each change of an endpoint's breaker. Must not throw. */
  readonly onBreaker?: (endpoint: E, state: BreakerState) => void;
}

/** The answer to `pick`. */
export type Picked<E extends Located> =
  | { readonly kind: "endpoint"; readonly lease: Lease<E> }
  /** The set is empty. */
  | { readonly kind: "none" }
  /** Every breaker is open; the first one probes at this monotonic time. */
  | { readonly kind: "open"; readonly untilMs: number };

/** One request on one endpoint: report what came of it once, dispose it when the last byte is through. */
export interface Lease<E extends Located> extends Disposable {
  readonly endpoint: E;
  /** The answer was good. The time since the pick is taken as its round trip. */
  success(): void;
  /** The endpoint failed. `retryAfterMs` makes it unattractive for at least that long. */
  failure(retryAfterMs?: number): void;
  /** The endpoint sheds load (429): less traffic for it, but its breaker stays out of it. */
  overloaded(retryAfterMs?: number): void;
}

/** The endpoints of one service with what is known of each: load and breaker. State, across endpoint sets. */
export interface Cluster<E extends Located> {
  /** Takes over a new set. Endpoints that stay, by id, keep their state; the others' state goes with them. */
  adopt(endpoints: readonly E[]): void;
  /** Chooses an endpoint, preferring those whose ids are not in `tried`, and reserves a request on it. */
  pick(tried?: ReadonlySet<string>): Picked<E>;
  /** What is known now, for metrics and admin pages. */
  members(): readonly MemberView<E>[];
}

export interface MemberView<E extends Located> {
  readonly endpoint: E;
  readonly inFlight: number;
  readonly costMs: number;
  readonly breaker: BreakerState;
}

interface Member<E extends Located> {
  endpoint: E;
  weight: number;
  readonly load: Load;
  readonly breaker: Breaker | undefined;
}

/** @example const users = cluster({ breaker: {} }, { balancer: balancer("p2c_ewma", random), clock, random }); */
export function cluster<E extends Located>(settings: ClusterSettings, ports: ClusterPorts<E>): Cluster<E> {
  return new EndpointCluster(settings, ports);
}

class EndpointCluster<E extends Located> implements Cluster<E> {
  readonly #settings: ClusterSettings;
  readonly #ports: ClusterPorts<E>;
  #members: readonly Member<E>[] = [];
  /** When a probe last succeeded. */
  #recoveredMs = 0;

  constructor(settings: ClusterSettings, ports: ClusterPorts<E>) {
    this.#settings = settings;
    this.#ports = ports;
  }

  adopt(endpoints: readonly E[]): void {
    const known = new Map(this.#members.map((member) => [member.endpoint.id, member]));
    this.#members = endpoints.map((endpoint) => {
      const member = known.get(endpoint.id) ?? this.#member(endpoint);
      member.endpoint = endpoint;
      member.weight = Math.max(1, endpoint.weight);
      return member;
    });
  }

  pick(tried?: ReadonlySet<string>): Picked<E> {
    const members = this.#members;
    if (members.length === 0) return { kind: "none" };
    const probe = this.#dueProbe(tried);
    if (probe !== undefined) return this.#lease(probe.member, probe.permit);
    const closed = members.filter((member) => isClosed(member));
    const fresh = tried === undefined ? closed : closed.filter((member) => !tried.has(member.endpoint.id));
    const chosen = this.#ports.balancer.pick(fresh.length > 0 ? fresh : closed);
    if (chosen === undefined) return { kind: "open", untilMs: this.#firstProbeMs() };
    const admission = chosen.breaker?.tryAcquire();
    if (admission?.admitted === false) return { kind: "open", untilMs: admission.untilMs };
    return this.#lease(chosen, admission?.permit);
  }

  members(): readonly MemberView<E>[] {
    return this.#members.map(({ endpoint, load, breaker }) => ({
      endpoint,
      inFlight: load.inFlight,
      costMs: load.cost(),
      breaker: breaker?.state ?? "closed",
    }));
  }

  /**
   * An endpoint whose pause is over gets the next request: its cost would keep the balancer away from it for as
   * long as its failures are remembered.
   */
  #dueProbe(tried: ReadonlySet<string> | undefined): { member: Member<E>; permit: Permit } | undefined {
    const open = this.#members.filter((member) => !isClosed(member));
    if (open.length === 0) return undefined;
    const available = (this.#members.length - open.length) / this.#members.length;
    const panic = available > 0 && available < (this.#settings.panicBelow ?? 0.5);
    for (const member of open) {
      const { breaker } = member;
      if (breaker === undefined || tried?.has(member.endpoint.id) === true) continue;
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
    const { clock, random, onBreaker } = this.#ports;
    const load = peakEwma(this.#settings.load ?? {}, clock);
    const member: Member<E> = {
      endpoint,
      weight: 1,
      load,
      breaker:
        this.#settings.breaker === undefined
          ? undefined
          : breaker(this.#settings.breaker, {
              clock,
              random,
              onChange: (state) => {
                if (state === "closed") {
                  load.reset();
                  this.#recoveredMs = clock.now();
                }
                onBreaker?.(member.endpoint, state);
              },
            }),
    };
    return member;
  }

  #lease(member: Member<E>, permit: Permit | undefined): Picked<E> {
    return { kind: "endpoint", lease: lease(member, permit, this.#ports.clock) };
  }
}

function lease<E extends Located>(member: Member<E>, permit: Permit | undefined, clock: Clock): Lease<E> {
  const { load } = member;
  const startMs = clock.now();
  let reported = false;
  let released = false;
  load.begin();
  const report = (cost: (rttMs: number) => number, settle: () => void): void => {
    if (reported) return;
    reported = true;
    settle();
    load.observe(cost(clock.now() - startMs));
  };
  const slowed =
    (retryAfterMs: number | undefined) =>
    (rttMs: number): number =>
      Math.max(rttMs, Math.min(longestFailureCostMs, Math.max(failureCostMs, retryAfterMs ?? 0)));
  return {
    endpoint: member.endpoint,
    success: () =>
      report(
        (rttMs) => rttMs,
        () => permit?.success(),
      ),
    failure: (retryAfterMs) => report(slowed(retryAfterMs), () => permit?.failure()),
    overloaded: (retryAfterMs) =>
      report(slowed(retryAfterMs), () => (permit?.probe === true ? permit.failure() : permit?.ignore())),
    [Symbol.dispose]: () => {
      if (released) return;
      released = true;
      load.end();
      if (!reported) permit?.ignore();
    },
  };
}

function isClosed<E extends Located>(member: Member<E>): boolean {
  return member.breaker === undefined || member.breaker.state === "closed";
}
