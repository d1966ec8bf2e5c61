import type { Collector } from "../collector/index.ts";
import { serviceResolver } from "../discovery/index.ts";
import {
  type Clock,
  messageOf,
  type Random,
  type Scope,
  type Secret,
  TuskerError,
  taskScope,
} from "../kernel/index.ts";
import { httpClient } from "../net/index.ts";
import { createLogger, humanLines } from "../telemetry/index.ts";
import { removeConfigs, writeGatewayConfig } from "./child-config.ts";
import { openCollector } from "./collector-side.ts";
import { type EventHub, eventHub } from "./events.ts";
import { watchExternals } from "./externals.ts";
import { startOrder } from "./file/check/graph.ts";
import { secretTexts } from "./file/secret-texts.ts";
import type { FleetSettings, ServiceSettings } from "./file/settings.ts";
import { fleetMetrics } from "./fleet-metrics.ts";
import { gatewayInstance } from "./gateway-instance.ts";
import { assertPortsFree } from "./ports.ts";
import { publishedValues } from "./published.ts";
import { openRegistry, ownDiscovery, type RegistrySide } from "./registry-side.ts";
import { RunningElsewhere } from "./running-elsewhere.ts";
import { type GroupPorts, ServiceGroup } from "./service-group.ts";
import type { Instance } from "./supervise/instance.ts";
import { startKeeper } from "./supervise/keeper.ts";
import { type LogBook, logBook } from "./supervise/lines.ts";
import { secretMask } from "./supervise/mask.ts";

export interface StartOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Every port of our own is any free one. Ports of services follow the settings. */
  readonly anyPort?: boolean;
  /** Hears everything from the first moment on. */
  readonly onEvent?: Parameters<EventHub["subscribe"]>[0];
  readonly onLine?: Parameters<LogBook["subscribe"]>[0];
}

/** A fleet that runs. */
export interface RunningFleet extends AsyncDisposable {
  readonly settings: FleetSettings;
  readonly events: EventHub;
  readonly logs: LogBook;
  readonly collector: Collector | undefined;
  readonly registryUrl: string | undefined;
  /** Where its registry answers DNS, "host:port" on UDP and TCP; undefined when another process serves it, or nobody does. */
  readonly dns: string | undefined;
  /** What the registry wants to be shown; undefined when it asks for nothing. */
  readonly registryToken: Secret | undefined;
  readonly otlpUrl: string | undefined;
  readonly gateway: Instance;
  /**
   * Hands the gateway the routes and `[gateway]` of a changed file; it takes them over between two requests. Services
   * keep what they were started with.
   */
  adoptGateway(settings: FleetSettings): void;
  readonly groups: readonly ServiceGroup[];
  /** Resolves once everything was ready; rejects when an external never came. */
  readonly started: Promise<void>;
  /** @throws TuskerError CONTROL_UNKNOWN for a name the fleet does not have */
  group(name: string): ServiceGroup;
  /** What the processes count, in Prometheus text format; undefined when the gateway does not tell. */
  metrics(): Promise<string | undefined>;
  /** Drains and ends everything, dependants before what they need. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/**
 * Brings a fleet up, step by step; when a step fails what was begun is ended, so that nothing is half-started.
 *
 * @throws TuskerError NET_PORT_TAKEN, DISCOVERY_UNREACHABLE, REGISTRY_STORAGE, FLEET_COMMAND_MISSING
 */
export async function startFleet(settings: FleetSettings, options: StartOptions): Promise<RunningFleet> {
  const { clock, random } = options;
  const events = eventHub(() => clock.wall());
  const logs = logBook({ mask: secretMask(secretTexts([settings.services, settings.sections])) });
  if (options.onEvent !== undefined) events.subscribe(options.onEvent);
  if (options.onLine !== undefined) logs.subscribe(options.onLine);
  const scope = taskScope((error) => events.emit({ type: "notice", text: messageOf(error) }));
  try {
    // 1. Nothing is started while a port of ours is somebody else's.
    await assertPortsFree(settings);
    // 2. What lives in this process: client, registry, collector.
    const http = scope.own(httpClient());
    const log = createLogger({
      service: "tusker",
      format: humanLines({ color: false }),
      clock,
      write: (text) =>
        logs.add({ at: clock.wall(), service: "tusker", instance: "tusker", stream: "stderr", text }),
    });
    const shared = { anyPort: options.anyPort === true, http, clock, random, log };
    const registry = settings.sections.service_discovery.enabled
      ? scope.own(await registryOf(settings, shared))
      : undefined;
    const resolver = serviceResolver(scope.own(ownDiscovery(settings, registry, shared)));
    const spans = scope.own(await openCollector(settings, { ...shared, resolver }));
    if (registry?.own === false)
      events.emit({
        type: "notice",
        text: `the registry at ${registry.url} is used, which another process serves`,
      });
    for (const text of spans.notices) events.emit({ type: "notice", text });
    // 3. What runs beside it, every group knowing where the above is.
    const addresses = { registry: registry?.url, registryToken: registry?.token, otlp: spans.otlp };
    const published = scope.own(
      publishedValues({ url: registry?.url, token: registry?.token, http, clock, random, log }),
    );
    const keeper = scope.own(startKeeper());
    scope.own({ [Symbol.dispose]: () => removeConfigs(settings) });
    const stopping = new AbortController();
    const ports: GroupPorts = {
      clock,
      random,
      http,
      keeper,
      logs,
      events,
      registrar: registry?.registrar,
      published,
      addresses,
      stopping: stopping.signal,
    };
    const supervised = settings.services.filter((service) => service.run !== undefined);
    const groups = supervised.map((service) => new ServiceGroup(settings, service, ports));
    const elsewhere = settings.services
      .filter((service) => service.run === undefined)
      .map((service) => new RunningElsewhere(service, ports, registry));
    const { instance: gateway, reachable } = gatewayInstance(settings, ports);
    // 4. Start: the gateway at once, services as what they depend on becomes ready.
    gateway.start();
    const started = startInOrder({ settings, groups, elsewhere, scope, ports }).then(async () => {
      await Promise.all([gateway.whenReady(), reachable]);
    });
    started.catch(() => {});
    return running({
      settings,
      events,
      logs,
      collector: spans.collector,
      registry,
      spans,
      gateway,
      adoptGateway: (next) => void writeGatewayConfig(next, addresses),
      groups,
      elsewhere,
      started,
      scope,
      stopping,
    });
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The registry as its section says. */
function registryOf(
  settings: FleetSettings,
  shared: Pick<Parameters<typeof openRegistry>[0], "anyPort" | "http" | "clock" | "random" | "log">,
): Promise<RegistrySide> {
  const { registry_url, dns_port, script_checks, token, acl } = settings.sections.service_discovery;
  return openRegistry({
    ...shared,
    fleet: settings.name,
    url: registry_url,
    dataDir: settings.runDir,
    dnsPort: dns_port,
    scriptChecks: script_checks,
    token,
    acl,
  });
}

interface StartOrder {
  readonly settings: FleetSettings;
  readonly groups: readonly ServiceGroup[];
  readonly elsewhere: readonly RunningElsewhere[];
  readonly scope: Scope;
  readonly ports: GroupPorts;
}

async function startInOrder({ settings, groups, elsewhere, scope, ports }: StartOrder): Promise<void> {
  const externals = watchExternals(settings, ports.clock, ports.events, ports.stopping);
  for (const one of elsewhere) scope.run((signal) => one.watch(signal));
  const readiness = new Map<string, Promise<void>>();
  const whenReady = (service: ServiceSettings): Promise<void> => {
    const known = readiness.get(service.name);
    if (known !== undefined) return known;
    const needed = service.needs.flatMap((name) => settings.services.filter((one) => one.name === name));
    const waits = [...needed.map(whenReady), ...service.needsExternals.map((name) => externals.get(name))];
    const group = groups.find((one) => one.settings.name === service.name);
    const ready = Promise.all(waits).then(async () => {
      if (ports.stopping.aborted) return;
      group?.start(service.needs);
      await (group ?? elsewhere.find((one) => one.settings.name === service.name))?.whenReady();
    });
    readiness.set(service.name, ready);
    return ready;
  };
  await Promise.all(settings.services.map(whenReady));
}

interface Parts {
  readonly settings: FleetSettings;
  readonly events: EventHub;
  readonly logs: LogBook;
  readonly collector: Collector | undefined;
  readonly registry: RegistrySide | undefined;
  readonly spans: { readonly otlp: string | undefined };
  readonly gateway: Instance;
  readonly adoptGateway: (settings: FleetSettings) => void;
  readonly groups: readonly ServiceGroup[];
  readonly elsewhere: readonly RunningElsewhere[];
  readonly started: Promise<void>;
  readonly scope: Scope;
  readonly stopping: AbortController;
}

function running(parts: Parts): RunningFleet {
  const { settings, groups, gateway, scope } = parts;
  let ending: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    parts.stopping.abort();
    // The door closes first; then whoever calls others ends before the ones it calls.
    await gateway.stop();
    const order = startOrder(new Map(settings.services.map((service) => [service.name, service.needs])));
    for (const level of "levels" in order ? [...order.levels].reverse() : []) {
      await Promise.all(
        groups.filter((group) => level.includes(group.settings.name)).map((group) => group.stop()),
      );
    }
    await Promise.all(parts.elsewhere.map((one) => one.forget()));
    await scope.close();
  };
  const fleet: RunningFleet = {
    settings,
    events: parts.events,
    logs: parts.logs,
    collector: parts.collector,
    registryUrl: parts.registry?.url,
    dns: parts.registry?.dns,
    registryToken: parts.registry?.token,
    otlpUrl: parts.spans.otlp,
    gateway,
    adoptGateway: parts.adoptGateway,
    groups,
    started: parts.started,
    group(name) {
      const found = groups.find((group) => group.settings.name === name);
      if (found !== undefined) return found;
      throw new TuskerError(
        "CONTROL_UNKNOWN",
        `this fleet runs no service "${name}"; it runs ${groups.map((group) => group.settings.name).join(", ")}`,
      );
    },
    metrics: () => fleetMetrics(parts),
    stop: () => (ending ??= stop()),
    kill() {
      gateway.kill();
      for (const group of groups) group.kill();
    },
    [Symbol.asyncDispose]: () => fleet.stop(),
  };
  return fleet;
}
