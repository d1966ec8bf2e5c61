import type { Clock } from "../kernel/index.ts";
import type { Permit } from "./breaker.ts";
import { failureCostMs, longestFailureCostMs } from "./load.ts";
import type { Located, Member } from "./member.ts";

/** One request on one endpoint: report what came of it once, dispose it when the last byte is through. */
export interface Lease<E extends Located> extends Disposable {
  readonly endpoint: E;
  /** Names the endpoint to `PickHints.mark`, without telling its id. */
  readonly mark: string;
  /** An answer that goes on has begun: the time since the pick is its round trip; how it ends is reported later. */
  began(): void;
  /** The answer was good. The time since the pick is taken as its round trip, unless it began before. */
  success(): void;
  /** The endpoint failed. `retryAfterMs` makes it unattractive for at least that long. */
  failure(retryAfterMs?: number): void;
  /** The endpoint sheds load (429): less traffic for it, but its breaker stays out of it. */
  overloaded(retryAfterMs?: number): void;
}

/** One object per request, without closures: it is on the path of every request. */
export class EndpointLease<E extends Located> implements Lease<E> {
  readonly endpoint: E;
  readonly #member: Member<E>;
  readonly #permit: Permit | undefined;
  readonly #clock: Clock;
  readonly #startMs: number;
  /** Time from the pick to the first that was heard of it. */
  #tookMs: number | undefined;
  #reported = false;
  #released = false;

  constructor(member: Member<E>, permit: Permit | undefined, clock: Clock) {
    this.endpoint = member.endpoint;
    this.#member = member;
    this.#permit = permit;
    this.#clock = clock;
    this.#startMs = clock.now();
    member.load.begin(this.#startMs);
  }

  get mark(): string {
    return this.#member.mark;
  }

  began(): void {
    if (this.#tookMs === undefined) this.#member.load.observe(this.#heard());
  }

  success(): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#member.outlier.count(true);
    this.#standing?.success();
    this.began();
  }

  failure(retryAfterMs?: number): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#member.outlier.count(false);
    this.#standing?.failure();
    this.#member.load.observe(this.#slowed(retryAfterMs));
  }

  overloaded(retryAfterMs?: number): void {
    if (this.#reported) return;
    this.#reported = true;
    if (this.#permit?.probe === true) this.#standing?.failure();
    else this.#standing?.ignore();
    this.#member.load.observe(this.#slowed(retryAfterMs));
  }

  [Symbol.dispose](): void {
    if (this.#released) return;
    this.#released = true;
    this.#member.load.end();
    if (!this.#reported) this.#standing?.ignore();
    if (this.#tookMs === undefined) this.#member.load.abandon();
  }

  /** The permit, as long as its endpoint is there. */
  get #standing(): Permit | undefined {
    return this.#member.gone ? undefined : this.#permit;
  }

  /** How long that took. */
  #heard(): number {
    if (this.#tookMs !== undefined) return this.#tookMs;
    const nowMs = this.#clock.now();
    this.#member.load.heard(nowMs);
    this.#tookMs = nowMs - this.#startMs;
    return this.#tookMs;
  }

  #slowed(retryAfterMs = 0): number {
    return Math.max(this.#heard(), Math.min(longestFailureCostMs, Math.max(failureCostMs, retryAfterMs)));
  }
}
