import { z } from "zod";
import {
  consulRegistrar,
  type InstanceRegistration,
  type Registrar,
  type RegistryHttp,
} from "../discovery/index.ts";
import type { Clock } from "../kernel/index.ts";

/** Long enough for somebody at a breakpoint, short enough that a killed supervisor's instances are not there for good. */
const reapAfterMs = 30 * 60_000;

/** How often it is looked whether the registry still knows what it was told. */
const refreshMs = 15_000;

const rows = z.array(z.object({ ServiceID: z.string(), ServicePort: z.number() }));

/** Binds an instance to this process until disposed. */
export type Holder = (id: string) => Disposable;

const notHeld: Holder = () => ({ [Symbol.dispose]: () => undefined });

/**
 * A registry somebody else serves, and others use too: ids get the fleet's name in front, so that two fleets do not
 * take each other's instances; a registry that lost its memory is told again.
 */
export class ForeignRegistry implements Registrar {
  readonly #url: string;
  readonly #fleet: string;
  readonly #http: RegistryHttp;
  readonly #registrar: Registrar;
  readonly #known = new Map<string, InstanceRegistration>();
  readonly #hold: Holder;
  readonly #held = new Map<string, Disposable>();

  /** @param hold binds what is registered to this process; default: it stays when this process ends */
  constructor(url: string, fleet: string, http: RegistryHttp, hold: Holder = notHeld) {
    this.#hold = hold;
    this.#url = url.replace(/\/+$/, "");
    this.#fleet = fleet;
    this.#http = http;
    this.#registrar = consulRegistrar({ url, http });
  }

  async register(instance: InstanceRegistration, signal?: AbortSignal): Promise<void> {
    const { check } = instance;
    const own: InstanceRegistration = {
      ...instance,
      id: this.#idOf(instance.id),
      ...(check === undefined ? {} : { check: { ...check, deregisterAfterMs: reapAfterMs } }),
    };
    this.#known.set(own.id, own);
    await this.#tell(own, signal);
  }

  /** Removes only what this fleet registered. */
  async deregister(id: string, signal?: AbortSignal): Promise<void> {
    const own = this.#idOf(id);
    if (!this.#known.delete(own)) return;
    await this.#registrar.deregister(own, signal);
    // Only now: letting go of what is still registered would call it dead.
    this.#held.get(own)?.[Symbol.dispose]();
    this.#held.delete(own);
  }

  setStatus(...[id, status, note, signal]: Parameters<Registrar["setStatus"]>): Promise<void> {
    return this.#registrar.setStatus(this.#idOf(id), status, note, signal);
  }

  /** True when somebody registered an instance of the service on this port already. */
  async serves(service: string, port: number): Promise<boolean> {
    const { text } = await this.#get(`/v1/catalog/service/${encodeURIComponent(service)}`);
    const found = rows.safeParse(JSON.parse(text));
    return (
      found.success && found.data.some((row) => row.ServicePort === port && !this.#known.has(row.ServiceID))
    );
  }

  /** Looks again and again, and registers what the registry has forgotten. */
  async keepTold(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(refreshMs, signal).catch(() => {});
      for (const instance of signal.aborted ? [] : this.#known.values())
        await this.#tellAgain(instance, signal);
    }
  }

  /** What is registered is bound to this process, whenever it is told. */
  async #tell(instance: InstanceRegistration, signal?: AbortSignal): Promise<void> {
    await this.#registrar.register(instance, signal);
    // It left while it was told: what came last at the registry must not stay.
    if (!this.#known.has(instance.id)) return this.#registrar.deregister(instance.id, signal);
    if (!this.#held.has(instance.id)) this.#held.set(instance.id, this.#hold(instance.id));
  }

  async #tellAgain(instance: InstanceRegistration, signal: AbortSignal): Promise<void> {
    try {
      const { status } = await this.#get(`/v1/agent/service/${encodeURIComponent(instance.id)}`);
      if (status === 404 && this.#known.has(instance.id)) await this.#tell(instance, signal);
    } catch {
      // Away: the next round asks again.
    }
  }

  async #get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await this.#http.request({ method: "GET", url: this.#url + path, headTimeoutMs: 10_000 });
    return { status: answer.status, text: await answer.text(16 * 1024 * 1024) };
  }

  #idOf(id: string): string {
    return `${this.#fleet}.${id}`;
  }
}
