import type { Clock, Random } from "../kernel/index.ts";
import { hash32 } from "./balance/hash.ts";
import { type Breaker, type BreakerSettings, type BreakerState, breaker } from "./breaker.ts";
import type { EndpointMemory } from "./cluster-memory.ts";
import { type Health, type HealthSettings, health } from "./health.ts";
import { type Load, type LoadSettings, peakEwma } from "./load.ts";
import { type KeptRecord, keptRecord } from "./outlier.ts";
import { slowStart } from "./slow-start.ts";

/** The least a cluster must know of an endpoint. */
export interface Located {
  /** Its state is kept under this name from set to set. */
  readonly id: string;
  /** Relative share of traffic, at least 1. */
  readonly weight: number;
}

export interface MemberPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Hears each change of the breaker that was made here. */
  readonly onBreaker: (state: BreakerState) => void;
  /** Where it keeps what all who ask it must know. */
  readonly memory: EndpointMemory;
}

export interface MemberSettings {
  readonly breaker?: BreakerSettings | undefined;
  readonly load?: LoadSettings | undefined;
  readonly slowStartMs?: number | undefined;
  readonly health?: HealthSettings | undefined;
}

/** One endpoint with all that is known of it. State, kept by id. */
export class Member<E extends Located> {
  readonly id: string;
  /** What a cookie names the endpoint by: ids are nobody's business outside. */
  readonly mark: string;
  load: Load;
  readonly breaker: Breaker | undefined;
  readonly health: Health;
  outlier: KeptRecord;
  endpoint: E;
  zone: string | undefined;
  baseWeight = 1;
  readonly #clock: Clock;
  readonly #slowStartMs: number;
  /** When it came, or came back. */
  #bornMs: number;
  /** State and count of the breaker as they were last looked at. */
  #seenEra = 0;
  readonly #memory: EndpointMemory;
  #gone = false;

  constructor(endpoint: E, settings: MemberSettings, ports: MemberPorts) {
    const { clock, random, memory } = ports;
    this.#memory = memory;
    this.id = endpoint.id;
    this.mark = hash32(endpoint.id, 7).toString(36) + hash32(endpoint.id, 11).toString(36);
    this.endpoint = endpoint;
    this.#clock = clock;
    this.#slowStartMs = settings.slowStartMs ?? 0;
    this.#bornMs = clock.now();
    this.health = health(settings.health);
    this.load = peakEwma(settings.load ?? {}, clock, { cells: memory.load, running: memory.running });
    this.outlier = keptRecord(memory.outlier);
    const onChange = (state: BreakerState): void => {
      if (this.#gone) return;
      if (state === "closed") this.load.reset();
      this.look();
      ports.onBreaker(state);
    };
    this.breaker =
      settings.breaker === undefined
        ? undefined
        : breaker(settings.breaker, { clock, random, onChange, cells: memory.breaker });
    this.#seenEra = this.breaker?.era ?? 0;
  }

  /** Its share of traffic now: what was asked for, less while it starts slowly. */
  get weight(): number {
    if (this.#slowStartMs === 0) return this.baseWeight;
    return this.baseWeight * slowStart(this.#clock.now() - this.#bornMs, this.#slowStartMs);
  }

  get closed(): boolean {
    return this.breaker?.closed ?? true;
  }

  /** In the eyes of checks and of the comparison with its fellows. */
  get well(): boolean {
    return this.health.up && !this.outlier.out;
  }

  /** True once it left: then it is nobody's business what becomes of it. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Sees what became of the breaker, whoever changed it: one that closed again starts slowly. */
  look(): void {
    const { breaker } = this;
    if (breaker === undefined || breaker.era === this.#seenEra) return;
    this.#seenEra = breaker.era;
    if (breaker.closed) this.#bornMs = breaker.closedMs;
  }

  /** It came back: it starts slowly again. */
  restart(): void {
    this.#bornMs = this.#clock.now();
  }

  /** It left: what others still know of it goes on without us, and what is reported yet changes nothing. */
  leave(): void {
    this.#gone = true;
    this.#memory[Symbol.dispose]();
    this.load = peakEwma({}, this.#clock);
    this.outlier = keptRecord();
  }
}
