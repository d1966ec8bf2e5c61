import type { Clock, Random } from "../kernel/index.ts";
import { hash32 } from "./balance/hash.ts";
import { type Breaker, type BreakerSettings, type BreakerState, breaker } from "./breaker.ts";
import { type Health, type HealthSettings, health } from "./health.ts";
import { type Load, type LoadSettings, peakEwma } from "./load.ts";
import { type OutlierRecord, outlierRecord } from "./outlier.ts";
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
  /** Hears each change of the breaker. */
  readonly onBreaker: (state: BreakerState) => void;
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
  readonly load: Load;
  readonly breaker: Breaker | undefined;
  readonly health: Health;
  readonly outlier: OutlierRecord = outlierRecord();
  endpoint: E;
  zone: string | undefined;
  baseWeight = 1;
  readonly #clock: Clock;
  readonly #slowStartMs: number;
  /** When it came, or came back. */
  #bornMs: number;

  constructor(endpoint: E, settings: MemberSettings, ports: MemberPorts) {
    const { clock, random } = ports;
    this.id = endpoint.id;
    this.mark = hash32(endpoint.id, 7).toString(36) + hash32(endpoint.id, 11).toString(36);
    this.endpoint = endpoint;
    this.#clock = clock;
    this.#slowStartMs = settings.slowStartMs ?? 0;
    this.#bornMs = clock.now();
    this.health = health(settings.health);
    this.load = peakEwma(settings.load ?? {}, clock);
    const onChange = (state: BreakerState): void => {
      if (state === "closed") {
        this.load.reset();
        this.#bornMs = clock.now();
      }
      ports.onBreaker(state);
    };
    this.breaker =
      settings.breaker === undefined ? undefined : breaker(settings.breaker, { clock, random, onChange });
  }

  /** Its share of traffic now: what was asked for, less while it starts slowly. */
  get weight(): number {
    if (this.#slowStartMs === 0) return this.baseWeight;
    return this.baseWeight * slowStart(this.#clock.now() - this.#bornMs, this.#slowStartMs);
  }

  get closed(): boolean {
    return this.breaker === undefined || this.breaker.state === "closed";
  }

  /** In the eyes of checks and of the comparison with its fellows. */
  get well(): boolean {
    return this.health.up && this.outlier.outUntilMs === undefined;
  }

  /** It came back: it starts slowly again. */
  restart(): void {
    this.#bornMs = this.#clock.now();
  }
}
