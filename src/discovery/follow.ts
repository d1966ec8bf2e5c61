import { type Clock, messageOf, type Random, type Timer, TuskerError } from "../kernel/index.ts";
import type { EndpointListener } from "./discovery.ts";
import { type Endpoint, type EndpointSet, endpointSet } from "./endpoint.ts";
import { withoutRemovals } from "./grace.ts";
import type { DiscoveryLog } from "./http.ts";
import type { LastKnown } from "./last-known.ts";
import { recalledEndpoints } from "./recalled.ts";
import type { Hearer, Source } from "./source.ts";

/** What following a service needs; shared by all services of one discovery. */
export interface FollowOptions {
  /** Named in the log. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  readonly graceMs: number;
  /** Keeps sets for a process that starts while the registry is away. */
  readonly known?: LastKnown | undefined;
  /** Ways to learn of a service, the best first; one that resolves is left for the next. */
  readonly sources: (service: string) => readonly Source[];
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * One service, followed:
 * 1. its source says what is true, and again when that changes;
 * 2. publish it when the endpoints differ;
 * 3. on failure keep the last set, wait with jitter, go on; removals after that count only when the grace is over.
 */
export class Followed {
  readonly #service: string;
  readonly #options: FollowOptions;
  readonly #listeners = new Set<{ tell: EndpointListener }>();
  #set: EndpointSet | undefined;
  /** The set is what an earlier process kept. */
  #recalled = false;
  #told: readonly Endpoint[] = [];
  #versions = 0;
  #failures = 0;
  #graceEnd = Number.NEGATIVE_INFINITY;
  #graceTimer: Timer | undefined;
  #attempt = Promise.withResolvers<EndpointSet>();

  constructor(service: string, options: FollowOptions) {
    this.#service = service;
    this.#options = options;
    this.#attempt.promise.catch(() => undefined);
  }

  get set(): EndpointSet | undefined {
    return this.#set;
  }

  /** The known set, or the outcome of the attempt that is under way. */
  current(): Promise<EndpointSet> {
    return this.#set === undefined ? this.#attempt.promise : Promise.resolve(this.#set);
  }

  listen(listener: EndpointListener): Disposable {
    const entry = { tell: listener };
    this.#listeners.add(entry);
    if (this.#set !== undefined) listener(this.#set);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const sources = [...this.#options.sources(this.#service)];
    const hear: Hearer = {
      tell: (endpoints) => this.#succeed(endpoints),
      doubt: () => this.#startGrace(),
      trust: () => this.#endGrace(),
    };
    try {
      for (let source = sources[0]; source !== undefined && !signal.aborted; source = sources[0]) {
        try {
          await source.run(hear, signal);
          sources.shift();
        } catch (error) {
          if (signal.aborted) return;
          await this.#recall();
          await this.#options.clock.sleep(this.#fail(error), signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#graceTimer?.cancel();
      this.#attempt.reject(new TuskerError("KERNEL_ABORTED", "discovery was closed"));
    }
  }

  /** Nothing was heard yet and nobody answers: what an earlier process heard is better than nothing. */
  async #recall(): Promise<void> {
    if (this.#set !== undefined || this.#failures > 0) return;
    const kept = recalledEndpoints(this.#service, await this.#options.known?.load(this.#service));
    if (kept.length === 0) return;
    this.#recalled = true;
    this.#publish(kept);
  }

  #succeed(endpoints: readonly Endpoint[]): void {
    const { clock, log, url } = this.#options;
    if (this.#failures > 0) log.info("the registry is back", { service: this.#service, registry: url });
    this.#failures = 0;
    this.#told = endpoints;
    // What an earlier process kept is no match for a registry that knows somebody.
    if (this.#recalled && endpoints.length > 0) this.#endGrace();
    this.#recalled = false;
    this.#graceTimer?.cancel();
    this.#graceTimer = undefined;
    const left = this.#graceEnd - clock.now();
    if (left <= 0 || this.#set === undefined) {
      this.#publish(endpoints);
      return;
    }
    this.#publish(withoutRemovals(this.#set.endpoints, endpoints));
    this.#graceTimer = clock.after(left, () => this.#publish(this.#told), { background: true });
  }

  /** Returns how long to wait before the next attempt. */
  #fail(error: unknown): number {
    const { log, random, url } = this.#options;
    if (this.#failures === 0) {
      const kept = this.#set?.endpoints.length ?? 0;
      log.warn(`discovery of ${this.#service} lost its registry; ${kept} known endpoints stay in use`, {
        service: this.#service,
        registry: url,
        reason: messageOf(error),
      });
    }
    this.#startGrace();
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures++);
    this.#attempt.reject(error);
    this.#attempt = Promise.withResolvers();
    // Nobody may be looking up; the log has told of the failure.
    this.#attempt.promise.catch(() => undefined);
    // Between half and whole: everybody who lost the registry at the same moment must not return at the same moment.
    return longest * (0.5 + random.next() / 2);
  }

  #startGrace(): void {
    this.#graceEnd = this.#options.clock.now() + this.#options.graceMs;
  }

  #endGrace(): void {
    this.#graceEnd = Number.NEGATIVE_INFINITY;
  }

  #publish(endpoints: readonly Endpoint[]): void {
    const next = endpointSet(this.#service, String(this.#versions + 1), endpoints);
    const same = JSON.stringify(this.#set?.endpoints) === JSON.stringify(next.endpoints);
    if (!same) {
      this.#versions++;
      this.#set = next;
      this.#options.known?.save(this.#service, next.endpoints);
    }
    this.#attempt.resolve(this.#set ?? next);
    if (!same) for (const entry of [...this.#listeners]) entry.tell(next);
  }
}
