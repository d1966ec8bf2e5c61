import type {
  InstanceCheck,
  InstanceRegistration,
  Lease,
  Registrar,
  RegistryEngine,
} from "../discovery/index.ts";
import { type Clock, messageOf, type Scope, taskScope } from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { answers, reachable } from "./supervise/probe.ts";

/** Short enough that the instances of a killed supervisor are not called for long. */
const leaseMs = 10_000;

export interface EngineRegistrarOptions {
  readonly engine: RegistryEngine;
  /** Its name stands before every id, so that two fleets do not take each other's instances. */
  readonly fleet: string;
  /** For checks: it shows the registry's token to nobody. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One instance that is kept known. */
interface Known {
  readonly lease: Lease;
  readonly scope: Scope;
}

/**
 * Registers with a registry that only keeps what it is told, as etcd does: the lease is renewed from here, and the
 * instance's check is run from here.
 */
export class EngineRegistrar implements Registrar, AsyncDisposable {
  readonly #options: EngineRegistrarOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: EngineRegistrarOptions) {
    this.#options = options;
  }

  async register(instance: InstanceRegistration, signal?: AbortSignal): Promise<void> {
    await this.deregister(instance.id);
    const { engine, log } = this.#options;
    const { check, status = "critical", ...rest } = instance;
    const own = { ...rest, id: this.#idOf(instance.id) };
    const lease = await engine.registry.register(own, {
      leaseMs,
      ...(signal === undefined ? {} : { signal }),
    });
    if (status !== "passing") await lease.setStatus(status);
    const scope = taskScope((error) => log.warn(`the check of ${own.id} ended`, { error: messageOf(error) }));
    this.#known.set(own.id, { lease, scope });
    if (check !== undefined && check.kind !== "ttl")
      scope.run((ending) => this.#watch(lease, check, status === "passing", ending));
  }

  async deregister(id: string): Promise<void> {
    const own = this.#idOf(id);
    const known = this.#known.get(own);
    if (known === undefined) return;
    this.#known.delete(own);
    await known.scope.close();
    await known.lease.close();
  }

  async setStatus(...[id, status, note]: Parameters<Registrar["setStatus"]>): Promise<void> {
    await this.#known.get(this.#idOf(id))?.lease.setStatus(status, note);
  }

  /** True when somebody else registered an instance of the service on this port already. */
  async serves(service: string, port: number): Promise<boolean> {
    const { endpoints } = await this.#options.engine.registry.discovery.lookup(service);
    return endpoints.some((endpoint) => endpoint.port === port && !this.#known.has(endpoint.id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const known = [...this.#known.values()];
    this.#known.clear();
    await Promise.all(known.map(({ scope }) => scope.close()));
    // An engine that is away lets the leases run out by itself.
    await Promise.allSettled(known.map(({ lease }) => lease.close()));
  }

  /** Runs a check again and again, and tells the registry when its answer changes. */
  async #watch(
    lease: Lease,
    check: Exclude<InstanceCheck, { kind: "ttl" }>,
    well: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    let passing = well;
    let failures = 0;
    while (!signal.aborted) {
      await clock.sleep(check.intervalMs, signal);
      failures = (await this.#passes(check, signal)) ? 0 : failures + 1;
      // One answer that was late is no illness.
      const now = failures === 0 || (passing && failures < 2);
      if (now === passing || signal.aborted) continue;
      const note = now ? "" : "its check fails";
      // Away: the next round tells it again.
      const told = await lease.setStatus(now ? "passing" : "critical", note).then(
        () => true,
        () => false,
      );
      if (told) passing = now;
    }
  }

  async #passes(check: Exclude<InstanceCheck, { kind: "ttl" }>, signal: AbortSignal): Promise<boolean> {
    const { clock, http } = this.#options;
    if (check.kind === "http") return answers(http, check.url, signal);
    const { hostname, port } = new URL(`tcp://${check.address}`);
    return reachable(hostname, Number(port), { clock, signal });
  }

  #idOf(id: string): string {
    return `${this.#options.fleet}.${id}`;
  }
}
