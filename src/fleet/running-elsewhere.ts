import { messageOf } from "../kernel/index.ts";
import { instanceId, type ServiceSettings } from "./file/settings.ts";
import type { RegistrySide } from "./registry-side.ts";
import { type GroupPorts, registrationOf } from "./service-group.ts";
import { reachable } from "./supervise/probe.ts";

/** A service of the file that somebody else runs: we make it known, and say when it answers. */
export class RunningElsewhere {
  readonly settings: ServiceSettings;
  readonly #ports: GroupPorts;
  readonly #registry: RegistrySide | undefined;
  readonly #answered: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(settings: ServiceSettings, ports: GroupPorts, registry: RegistrySide | undefined) {
    this.settings = settings;
    this.#ports = ports;
    this.#registry = registry;
  }

  whenReady(): Promise<void> {
    return this.#answered.promise;
  }

  /** Waits until somebody listens there, then makes it known; from then on the registry's own check watches it. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#ports;
    const { host, port, name } = this.settings;
    const instance = instanceId(this.settings, 0);
    const started = clock.now();
    while (!(await reachable(host, port, { clock, signal }))) await clock.sleep(500, signal);
    await this.#makeKnown(instance, signal).catch((error: unknown) =>
      events.emit({ type: "notice", text: `${instance} could not be registered: ${messageOf(error)}` }),
    );
    events.emit({
      type: "ready",
      service: name,
      instance,
      port,
      tookMs: clock.now() - started,
      waitedFor: [],
    });
    this.#answered.resolve();
  }

  async forget(): Promise<void> {
    await this.#ports.registrar?.deregister(instanceId(this.settings, 0)).catch(() => {});
  }

  /** Unless its owner did so already: then it is his to say how it is and when it leaves. */
  async #makeKnown(instance: string, signal: AbortSignal): Promise<void> {
    const { host, port, name } = this.settings;
    if (this.#registry === undefined || (await this.#registry.serves(name, port))) return;
    // A TCP check: who runs it elsewhere has not promised us a health endpoint.
    const check = { kind: "tcp", address: `${host}:${port}`, intervalMs: 5_000 } as const;
    const registration = { ...registrationOf(this.settings, instance, { port }), check };
    await this.#registry.registrar.register(registration, signal);
  }
}
