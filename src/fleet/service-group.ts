import { resolve } from "node:path";
import type { InstanceRegistration, Registrar } from "../discovery/index.ts";
import type { Clock, Random } from "../kernel/index.ts";
import { messageOf, TuskerError } from "../kernel/index.ts";
import { authority, type HttpClient } from "../net/index.ts";
import { childEnvironment, type FleetAddresses } from "./child-config.ts";
import type { EventHub } from "./events.ts";
import { type FleetSettings, instanceId, type ServiceSettings } from "./file/settings.ts";
import { instanceListener } from "./instance-listener.ts";
import type { Published } from "./published.ts";
import { nodeFlags } from "./self.ts";
import { resolveCommand } from "./supervise/command.ts";
import { freePort } from "./supervise/free-port.ts";
import {
  Instance,
  type InstanceListener,
  type InstanceSpec,
  type Prepared,
  type Ready,
} from "./supervise/instance.ts";
import type { Keeper } from "./supervise/keeper.ts";
import type { LogBook } from "./supervise/lines.ts";
import { answers, reachable } from "./supervise/probe.ts";

/** What all services of a fleet share. */
export interface GroupPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: HttpClient;
  readonly keeper: Keeper;
  readonly logs: LogBook;
  readonly events: EventHub;
  readonly registrar: Registrar | undefined;
  readonly published: Published;
  readonly addresses: FleetAddresses;
  /** Fires when the fleet is told to stop. */
  readonly stopping: AbortSignal;
}

/** All processes of one service. */
export class ServiceGroup {
  readonly settings: ServiceSettings;
  readonly instances: readonly Instance[];
  readonly #fleet: FleetSettings;
  readonly #ports: GroupPorts;
  #waitedFor: readonly string[] = [];
  /** Counts what was asked of the whole group: a restart in turn goes on only while nothing else was asked. */
  #asked = 0;

  constructor(fleet: FleetSettings, settings: ServiceSettings, ports: GroupPorts) {
    this.#fleet = fleet;
    this.settings = settings;
    this.#ports = ports;
    this.instances = Array.from({ length: settings.instances }, (_, index) => this.#instance(index));
  }

  /** @param waitedFor what had to be ready first, for the output */
  start(waitedFor: readonly string[] = []): void {
    this.#asked++;
    this.#waitedFor = waitedFor;
    for (const instance of this.instances) instance.start();
  }

  /** Resolves once every instance was ready. */
  async whenReady(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.whenReady()));
  }

  async stop(): Promise<void> {
    this.#asked++;
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  /**
   * Ends and starts its processes one after the other: while one is away the others answer. Those that do not answer
   * come first, so that the others stay should these not come back.
   *
   * @param answers waits for an instance that was started; what it throws ends the restart and leaves the rest running
   * @throws TuskerError FLEET_NOT_READY when the service was told to start, stop or restart meanwhile
   */
  async restart(answers: (instance: Instance) => Promise<void>): Promise<void> {
    const asked = ++this.#asked;
    const goesOn = (): void => {
      if (this.#asked === asked) return;
      throw new TuskerError(
        "FLEET_NOT_READY",
        `${this.settings.name} was told something else while it was being restarted; \`tusker ps\` shows how it stands`,
      );
    };
    for (const instance of silentFirst(this.instances)) {
      await instance.stop();
      goesOn();
      instance.start();
      await answers(instance);
      goesOn();
    }
  }

  kill(): void {
    for (const instance of this.instances) instance.kill();
  }

  #instance(index: number): Instance {
    const id = instanceId(this.settings, index);
    return new Instance(this.#spec(id, index), { ...this.#ports, listener: this.#listener(id) });
  }

  #spec(id: string, index: number): InstanceSpec {
    const { run = "", name, cwd: folder } = this.settings;
    const cwd = resolve(this.#fleet.root, folder);
    const command = resolveCommand(run, cwd, nodeFlags);
    return {
      id,
      service: name,
      command,
      cwd,
      prepare: () => this.#prepare(id, index),
      probe: (prepared, signal) => this.#probe(prepared, command.node, signal),
      startTimeoutMs: this.#fleet.startTimeoutMs,
      stopTimeoutMs: this.#fleet.stopTimeoutMs,
    };
  }

  /** The first instance takes the ports of the file, every other one what is free. */
  async #prepare(id: string, index: number): Promise<Prepared> {
    const wanted = (port: number): number | Promise<number> =>
      index === 0 && port !== 0 ? port : freePort();
    const port = await wanted(this.settings.port);
    const grpcPort = this.settings.grpcPort === undefined ? undefined : await wanted(this.settings.grpcPort);
    const env = childEnvironment(
      this.#fleet,
      this.settings,
      { instance: id, port, grpcPort, published: await this.#ports.published.of(this.settings.name) },
      this.#ports.addresses,
    );
    return { env, port, ...(grpcPort === undefined ? {} : { grpcPort }) };
  }

  /** For processes that do not report by themselves. */
  async #probe(prepared: Prepared, node: boolean, signal: AbortSignal): Promise<void> {
    const { clock, http } = this.#ports;
    const { port } = prepared;
    while (!(await reachable("127.0.0.1", port, { clock, signal }))) await clock.sleep(50, signal);
    // One of ours listens a moment before it reports, and its report says more: that both its ports are open.
    if (node) await clock.sleep(150, signal);
    const url = `http://127.0.0.1:${port}${this.settings.health_endpoint}`;
    while (!(await answers(http, url, signal))) await clock.sleep(50, signal);
  }

  #listener(id: string): InstanceListener {
    const { events, logs, registrar } = this.#ports;
    const service = this.settings.name;
    const registry = async (what: string, change: (to: Registrar) => Promise<void>): Promise<void> => {
      if (registrar === undefined) return;
      await change(registrar).catch((error: unknown) =>
        events.emit({ type: "notice", text: `${id} could not be ${what}: ${messageOf(error)}` }),
      );
    };
    return instanceListener({ events, logs }, service, id, {
      ready: async (ready) => {
        await registry("registered", (to) => to.register(registrationOf(this.settings, id, ready)));
        events.emit({
          type: "ready",
          service,
          instance: id,
          port: ready.port,
          ...(ready.grpcPort === undefined ? {} : { grpcPort: ready.grpcPort }),
          pid: ready.pid,
          tookMs: ready.tookMs,
          waitedFor: this.#waitedFor,
        });
      },
      gone: () => registry("taken out of the registry", (from) => from.deregister(id)),
    });
  }
}

function silentFirst(instances: readonly Instance[]): readonly Instance[] {
  const silent = instances.filter(({ ready }) => ready === undefined);
  return [...silent, ...instances.filter((instance) => !silent.includes(instance))];
}

/** What the registry is told of one instance. */
export function registrationOf(
  service: ServiceSettings,
  id: string,
  at: Pick<Ready, "port" | "grpcPort"> & { readonly pid?: number },
): InstanceRegistration {
  return {
    id,
    service: service.name,
    host: service.host,
    port: at.port,
    meta: {
      version: service.version,
      ...(at.grpcPort === undefined ? {} : { grpc_port: String(at.grpcPort) }),
      ...(at.pid === undefined ? {} : { pid: String(at.pid) }),
    },
    tags: service.tags,
    check: {
      kind: "http",
      url: `http://${authority(service.host, at.port)}${service.health_endpoint}`,
      intervalMs: 10_000,
      timeoutMs: 5_000,
    },
    status: "passing",
  };
}
